-- SPDX-License-Identifier: Apache-2.0
-- M4: numbers of rows of a page without id, by the place of the row.
--   $1 int8[]         conv
--   $2 timestamptz[]  sent_at
--   $3 int8[]         key
--   $4 int4[]         n
SELECT p.i, r.number
FROM unnest($1::int8[], $2::timestamptz[], $3::int8[], $4::int4[])
     WITH ORDINALITY AS p (conv, sent_at, key, n, i)
JOIN (SELECT g.*
      FROM (SELECT array_agg(k.conv) AS convs, array_agg(k.key) AS keys
            FROM (SELECT DISTINCT u.conv, u.key FROM unnest($1, $3) AS u (conv, key)) AS k) AS a
      CROSS JOIN LATERAL message_numbers(a.convs, a.keys,
           (SELECT max(s.sent_at) FROM unnest($2) AS s (sent_at))) AS g) AS r
     ON r.conv = p.conv AND r.sent_at = p.sent_at AND r.key = p.key AND r.n = p.n;
