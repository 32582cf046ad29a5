-- SPDX-License-Identifier: Apache-2.0
-- The sums of delivery_rollup.sql, of rows of message: what is no whole quarter of an hour, or no whole day of domains.
--   $1 int4         realm
--   $2 int2         the grain that they would have
--   $3 timestamptz  from, $4 timestamptz to, exclusive
--   $5 text         domain of the sender, $6 text of the recipient; null = any
SELECT
-- include rollup_sums
FROM rollup_of_rows($1, $3::timestamptz, $4::timestamptz, ARRAY[$2::int2]) AS r
WHERE ($5::text IS NULL OR r.from_domain = $5) AND ($6::text IS NULL OR r.to_domain = $6)
HAVING count(*) > 0;
