-- SPDX-License-Identifier: Apache-2.0
-- What failed, by condition, over whole UTC days.
--   $1 int4         realm
--   $2 timestamptz  since: a UTC day
--   $3 timestamptz  until, exclusive: a UTC day
--   $4 text         domain of the sender, $5 text of the recipient; null = any
SELECT r.condition, NULL::text, NULL::int8, NULL::int8, sum(r.failed)::int8, NULL::int8, NULL::int8,
       sum(r.requested)::int8, NULL::int8, NULL::int8, NULL::int8,
       NULL::int4[], NULL::int8[], NULL::text[], NULL::int8[]
FROM rollup_failure AS r
WHERE r.realm = $1 AND r.day >= ($2::timestamptz AT TIME ZONE 'UTC')::date
  AND r.day < ($3::timestamptz AT TIME ZONE 'UTC')::date
  AND ($4::text IS NULL OR r.from_domain = $4) AND ($5::text IS NULL OR r.to_domain = $5)
GROUP BY r.condition
HAVING sum(r.failed) <> 0;
