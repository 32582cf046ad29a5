-- SPDX-License-Identifier: Apache-2.0
-- All days that are listed, and on which of them some conversations have anything (migration 0017), in the order of days:
-- one row for each day and conversation, null on days of none. Of a connection that does not see all rows none is known.
--   $1 int8[]  conversations, few
--   $2 date    of days before nothing is looked up
SELECT l.day::timestamptz, l.commit, h.conv
FROM day_list AS l
LEFT JOIN (SELECT u.conv, d.day
           FROM unnest($1::int8[]) AS u (conv)
           CROSS JOIN LATERAL ( -- by the index, whatever the planner thinks of the table
                SELECT x.day
                FROM day_conv AS x
                WHERE x.part = (u.conv >> 54 & 1023)::int2 AND x.day >= $2::date
                  AND ((u.conv & 65535) - 32768)::int2 = ANY (x.convs)
                OFFSET 0) AS d) AS h ON h.day = l.day
ORDER BY l.day;
