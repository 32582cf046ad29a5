-- SPDX-License-Identifier: Apache-2.0
-- What metrics read of a roll-up, r.
            r.sent, r.unknown, r.failed, r.requested, r.confirmed, r.requested_failed,
            r.read_requested, r.read, r.read_upto, r.read_inferred, r.stored, r.accepted, r.routed,
            r.delivered, r.displayed, r.retracted, r.skew_clamped, r.resends, r.confirmed_10s,
            r.confirmed_1m, r.confirmed_1h, r.confirmed_24h, r.confirmed_7d, r.read_10s, r.read_1m,
            r.read_1h, r.read_24h, r.read_7d
