-- SPDX-License-Identifier: Apache-2.0
-- All sums of a realm in the order of enum rollup_sum, from the days alone.
--   $1 int4  realm
SELECT coalesce(sum(r.rows), 0)::int8,
       coalesce(sum(r.sent), 0)::int8,
       coalesce(sum(r.unknown), 0)::int8,
       coalesce(sum(r.failed), 0)::int8,
       coalesce(sum(r.requested), 0)::int8,
       coalesce(sum(r.confirmed), 0)::int8,
       coalesce(sum(r.requested_failed), 0)::int8,
       coalesce(sum(r.read_requested), 0)::int8,
       coalesce(sum(r.read), 0)::int8,
       coalesce(sum(r.read_inferred), 0)::int8,
       coalesce(sum(r.resends), 0)::int8,
       coalesce(sum(r.skew_clamped), 0)::int8,
       coalesce(sum(r.stored), 0)::int8,
       coalesce(sum(r.acks), 0)::int8,
       coalesce(sum(r.acks_group), 0)::int8,
       coalesce(sum(r.acks_dup), 0)::int8,
       coalesce(sum(r.errors), 0)::int8,
       coalesce(sum(r.confirmed_10s), 0)::int8,
       coalesce(sum(r.confirmed_1m), 0)::int8,
       coalesce(sum(r.confirmed_1h), 0)::int8,
       coalesce(sum(r.confirmed_24h), 0)::int8,
       coalesce(sum(r.confirmed_7d), 0)::int8,
       coalesce(sum(r.read_10s), 0)::int8,
       coalesce(sum(r.read_1m), 0)::int8,
       coalesce(sum(r.read_1h), 0)::int8,
       coalesce(sum(r.read_24h), 0)::int8,
       coalesce(sum(r.read_7d), 0)::int8
FROM rollup AS r
WHERE r.realm = $1 AND r.grain = 2;
