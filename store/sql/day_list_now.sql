-- SPDX-License-Identifier: Apache-2.0
-- Which days are listed, and up to which commit each. Of a connection that does not see all rows none is known.
--   $1 date  first day that is asked about
SELECT l.day::timestamptz, l.commit
FROM day_list AS l
WHERE l.day >= $1::date
ORDER BY l.day;
