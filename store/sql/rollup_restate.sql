-- SPDX-License-Identifier: Apache-2.0
-- The sums of an interval anew from the rows.
--   $1 int4         realm
--   $2 timestamptz  since: a UTC day
--   $3 timestamptz  until, exclusive: a UTC day
INSERT INTO rollup (realm, lane, grain, bucket, from_domain, to_domain, kind,
       rows, sent, unknown, failed, requested, confirmed, requested_failed, read_requested, read,
       read_inferred, resends, skew_clamped, stored, acks, acks_group, acks_dup, errors,
       confirmed_10s, confirmed_1m, confirmed_1h, confirmed_24h, confirmed_7d, read_10s, read_1m,
       read_1h, read_24h, read_7d, accepted, routed, delivered, displayed, retracted, read_upto)
SELECT $1::int4, 0, c.grain, c.bucket, c.from_domain, c.to_domain, c.kind,
       c.rows, c.sent, c.unknown, c.failed, c.requested, c.confirmed, c.requested_failed,
       c.read_requested, c.read, c.read_inferred, c.resends, c.skew_clamped, c.stored, c.acks,
       c.acks_group, c.acks_dup, c.errors, c.confirmed_10s, c.confirmed_1m, c.confirmed_1h,
       c.confirmed_24h, c.confirmed_7d, c.read_10s, c.read_1m, c.read_1h, c.read_24h, c.read_7d,
       c.accepted, c.routed, c.delivered, c.displayed, c.retracted, c.read_upto
FROM rollup_of_rows($1, $2, $3, '{1,2,3,4}') AS c
WHERE (c.bucket AT TIME ZONE 'UTC')::date NOT IN (SELECT d.day FROM dropped_days() AS d (day));
