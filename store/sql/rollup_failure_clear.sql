-- SPDX-License-Identifier: Apache-2.0
-- Forgets what failed in an interval by condition, but for days whose rows are gone.
--   $1 int4         realm
--   $2 timestamptz  since: a UTC day
--   $3 timestamptz  until, exclusive: a UTC day
DELETE FROM rollup_failure AS r
WHERE r.realm = $1 AND r.day >= ($2::timestamptz AT TIME ZONE 'UTC')::date
  AND r.day <= (($3::timestamptz - interval '1 microsecond') AT TIME ZONE 'UTC')::date
  AND r.day NOT IN (SELECT d.day FROM dropped_days() AS d (day));
