-- SPDX-License-Identifier: Apache-2.0
-- Every day that is stored, oldest first: its size, why it must be kept yet, whether it is older than a
-- number of days, and whether a legal hold keeps it (asked only of those that may go).
--   $1 int8         keep_days; 0 = all
--   $2 timestamptz  now, clock of the host: days are those of logs, the database's clock has no part (F103)
SELECT s.day, s.bytes, day_holds(s.day, $2),
       $1::int8 > 0 AND s.day < ($2::timestamptz AT TIME ZONE 'UTC')::date - $1::int8::int4,
       day_held(s.day, $2)
FROM stored_day AS s
ORDER BY s.day;
