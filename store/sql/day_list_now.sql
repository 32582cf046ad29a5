-- SPDX-License-Identifier: Apache-2.0
-- Which days are listed, and up to which commit each: as conv_days says it.
--   $1 date  first day that is asked about
SELECT array_agg(l.day::timestamptz ORDER BY l.day), array_agg(l.commit ORDER BY l.day)
FROM day_list AS l
WHERE l.day >= $1::date;
