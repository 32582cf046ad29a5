-- SPDX-License-Identifier: Apache-2.0
-- Makes the partitions of days. False: none could be made, its rows go to the rest; or it was dropped.
--   $1 date[]  UTC days
SELECT u.day, CASE WHEN EXISTS (SELECT FROM dropped_day AS d WHERE d.day = u.day) THEN false
                   ELSE make_day(u.day) END
FROM unnest($1::date[]) AS u (day);
