-- SPDX-License-Identifier: Apache-2.0
-- The same as delivery_rollup, one row a bucket: where there are many rows of each.
-- include delivery_pieces
SELECT c.i,
       sum(c.sent)::int8, sum(c.unknown)::int8, sum(c.failed)::int8, sum(c.requested)::int8,
       sum(c.confirmed)::int8, sum(c.requested_failed)::int8, sum(c.pending)::int8,
       sum(c.requested - c.confirmed - c.requested_failed - c.pending)::int8,
       sum(c.read_requested)::int8, sum(c.read)::int8, sum(c.read_upto)::int8,
       sum(c.read_inferred)::int8, sum(c.read_pending)::int8,
       sum(c.read_requested - c.read - c.read_pending)::int8, sum(c.stored)::int8,
       sum(c.accepted)::int8, sum(c.routed)::int8, sum(c.delivered)::int8, sum(c.displayed)::int8,
       sum(c.retracted)::int8, sum(c.skew_clamped)::int8, sum(c.resends)::int8,
       sum(c.confirmed_10s)::int8, sum(c.confirmed_1m)::int8, sum(c.confirmed_1h)::int8,
       sum(c.confirmed_24h)::int8, sum(c.confirmed_7d)::int8, sum(c.read_10s)::int8,
       sum(c.read_1m)::int8, sum(c.read_1h)::int8, sum(c.read_24h)::int8, sum(c.read_7d)::int8
FROM c
GROUP BY c.i;
