-- SPDX-License-Identifier: Apache-2.0
-- Makes the partitions of days. False: none could be made, its rows go to the rest.
--   $1 date[]  UTC days
SELECT u.day, make_day(u.day)
FROM unnest($1::date[]) AS u (day);
