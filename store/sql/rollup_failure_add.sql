-- SPDX-License-Identifier: Apache-2.0
-- Moves what failed in a day, by condition; rows in the order of their keys.
--   $1 int4    realm
--   $2 int2    lane
--   $3 date[]  day
--   $4 text[]  from_domain
--   $5 text[]  to_domain
--   $6 text[]  condition
--   $7 int4[]  failed
--   $8 int4[]  requested
INSERT INTO rollup_failure AS r
       (realm, lane, day, from_domain, to_domain, condition, failed, requested)
SELECT $1, $2, u.day, u.from_domain, u.to_domain, u.condition, u.failed, u.requested
FROM unnest($3::date[], $4::text[], $5::text[], $6::text[], $7::int4[], $8::int4[])
     AS u (day, from_domain, to_domain, condition, failed, requested)
ON CONFLICT (realm, day, from_domain, to_domain, condition, lane) DO UPDATE
SET failed = r.failed + excluded.failed, requested = r.requested + excluded.requested;
