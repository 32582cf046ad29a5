-- SPDX-License-Identifier: Apache-2.0
-- What metrics read of roll-ups r, added up, in the order of store/read_rollups.c.
            sum(r.sent)::int8, sum(r.unknown)::int8, sum(r.failed)::int8, sum(r.requested)::int8,
            sum(r.confirmed)::int8, sum(r.requested_failed)::int8, sum(r.read_requested)::int8,
            sum(r.read)::int8, sum(r.read_upto)::int8, sum(r.read_inferred)::int8,
            sum(r.stored)::int8, sum(r.accepted)::int8, sum(r.routed)::int8,
            sum(r.delivered)::int8, sum(r.displayed)::int8, sum(r.retracted)::int8,
            sum(r.skew_clamped)::int8, sum(r.resends)::int8, sum(r.confirmed_10s)::int8,
            sum(r.confirmed_1m)::int8, sum(r.confirmed_1h)::int8, sum(r.confirmed_24h)::int8,
            sum(r.confirmed_7d)::int8, sum(r.read_10s)::int8, sum(r.read_1m)::int8,
            sum(r.read_1h)::int8, sum(r.read_24h)::int8, sum(r.read_7d)::int8
