-- SPDX-License-Identifier: Apache-2.0
-- M4: numbers of rows of a page without id, by the place of the row.
--   $1 int8[]         conv
--   $2 timestamptz[]  sent_at
--   $3 int8[]         key
--   $4 int4[]         n
--   $5 timestamptz[]  spans that hold all up to the last of them, as in_days says
SELECT p.i, r.number
FROM unnest($1::int8[], $2::timestamptz[], $3::int8[], $4::int4[])
     WITH ORDINALITY AS p (conv, sent_at, key, n, i)
JOIN (SELECT k.conv, k.key, x.sent_at, x.n,
             (row_number() OVER (PARTITION BY k.conv, k.key ORDER BY x.sent_at, x.n))::int4 AS number
      FROM (SELECT DISTINCT u.conv, u.key FROM unnest($1, $3) AS u (conv, key)) AS k
      CROSS JOIN LATERAL (
           SELECT m.sent_at, m.n
           FROM message AS m
           WHERE m.conv = k.conv AND m.key = k.key AND m.class < 8 AND in_days(m.sent_at, $5::timestamptz[])
           OFFSET 0) AS x) AS r
     ON r.conv = p.conv AND r.sent_at = p.sent_at AND r.key = p.key AND r.n = p.n;
