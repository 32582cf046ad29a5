-- SPDX-License-Identifier: Apache-2.0
-- What is still pending of rows that no roll-up splits: of those, what is not answered and was sent later than $4.
--   $1 int4         realm
--   $2 timestamptz  from, $3 timestamptz to, exclusive
--   $4 timestamptz  what was sent later is pending, else expired
--   $5 text         domain of the sender, $6 text of the recipient; null = any
SELECT count(*) FILTER (WHERE f.requested AND NOT f.confirmed AND NOT f.failed) AS pending,
       count(*) FILTER (WHERE f.read_requested AND NOT f.displayed) AS read_pending
FROM rollup_facts($1, greatest($4::timestamptz, $2::timestamptz), $3::timestamptz) AS f
WHERE f.sent_at > $4 AND ($5::text IS NULL OR f.from_domain = $5)
  AND ($6::text IS NULL OR f.to_domain = $6);
