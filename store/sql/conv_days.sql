-- SPDX-License-Identifier: Apache-2.0
-- Which of some conversations there are, and on which listed days (day_list_now) they have anything (migration 0017), in
-- no order: one row or more for each, its day null when it is on none.
--   $1 int8[]  conversations, few
--   $2 date    first day that is asked about
SELECT u.conv, d.day::timestamptz
FROM unnest($1::int8[]) AS u (conv)
LEFT JOIN LATERAL ( -- by the index, whatever the planner thinks of the table
     SELECT x.day
     FROM day_conv AS x
     WHERE x.part = (u.conv >> 54 & 1023)::int2 AND x.day >= $2::date
       AND ((u.conv & 65535) - 32768)::int2 = ANY (x.convs)
     OFFSET 0) AS d ON true
WHERE cardinality($1) = 1 OR EXISTS (SELECT FROM party AS p WHERE p.conv = u.conv);
