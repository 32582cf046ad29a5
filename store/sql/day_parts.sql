-- SPDX-License-Identifier: Apache-2.0
-- All days that are listed, with what is listed there of some parts (migration 0017), in the order of days: one row
-- for each day and part, its part null on days on which none of them has anything. Of a connection that does not see all
-- rows none is known.
--   $1 int2[]  parts, few
SELECT l.day::timestamptz, l.commit, x.part, x.convs
FROM day_list AS l
LEFT JOIN day_conv AS x ON x.day = l.day AND x.part = ANY ($1::int2[])
ORDER BY l.day;
