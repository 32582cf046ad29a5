-- SPDX-License-Identifier: Apache-2.0
-- Rates by wanted bucket as delivery.sql, from roll-ups; the caller adds up the rows of a bucket, which
-- is cheaper than sum() of so many int8 where these are few. Parameters as in delivery_pieces.
-- include delivery_pieces
SELECT c.i,
       c.sent, c.unknown, c.failed, c.requested, c.confirmed, c.requested_failed, c.pending,
       c.requested - c.confirmed - c.requested_failed - c.pending, c.read_requested, c.read,
       c.read_upto, c.read_inferred, c.read_pending, c.read_requested - c.read - c.read_pending,
       c.stored, c.accepted, c.routed, c.delivered, c.displayed, c.retracted, c.skew_clamped,
       c.resends, c.confirmed_10s, c.confirmed_1m, c.confirmed_1h, c.confirmed_24h, c.confirmed_7d,
       c.read_10s, c.read_1m, c.read_1h, c.read_24h, c.read_7d
FROM c;
