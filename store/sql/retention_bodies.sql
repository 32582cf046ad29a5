-- SPDX-License-Identifier: Apache-2.0
-- Days older than a number of days that still hold bodies, oldest first, and whether a legal hold keeps them.
--   $1 int8         keep_bodies_days
--   $2 timestamptz  now, clock of the host
SELECT s.day, day_held(s.day, $2)
FROM stored_day AS s
WHERE s.day < ($2::timestamptz AT TIME ZONE 'UTC')::date - $1::int8::int4 AND has_bodies(s.day)
ORDER BY s.day;
