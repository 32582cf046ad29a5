-- SPDX-License-Identifier: Apache-2.0
-- The days whose conversations are listed (migration 0017), and up to which commit; whether there is any of some
-- conversations (null: none); and the listed days on which one of these has something, in no order. Of a connection that does not see all rows no day is known.
--   $1 int8[]  conversations, few
--   $2 date    first day that is asked about
WITH c AS MATERIALIZED (
     SELECT u.conv
     FROM unnest($1::int8[]) AS u (conv)
     WHERE cardinality($1) = 1 OR EXISTS (SELECT FROM party AS p WHERE p.conv = u.conv))
SELECT n.days, n.commits, (SELECT true FROM c LIMIT 1),
       (SELECT array_agg(d.day::timestamptz)
        FROM c
        CROSS JOIN LATERAL ( -- by the index, whatever the planner thinks of the table
             SELECT x.day
             FROM day_conv AS x
             WHERE x.part = (c.conv >> 54 & 1023)::int2 AND x.day >= $2::date
               AND ((c.conv & 65535) - 32768)::int2 = ANY (x.convs)
             OFFSET 0) AS d)
FROM (SELECT array_agg(l.day::timestamptz ORDER BY l.day) AS days, array_agg(l.commit ORDER BY l.day) AS commits
      FROM day_list AS l
      WHERE l.day >= $2::date) AS n;
