-- SPDX-License-Identifier: Apache-2.0
-- Forgets sums of an interval, but for days whose rows are gone.
--   $1 int4         realm
--   $2 timestamptz  since: a UTC day
--   $3 timestamptz  until, exclusive: a UTC day
DELETE FROM rollup AS r
WHERE r.realm = $1 AND r.bucket >= $2 AND r.bucket < $3
  AND (r.bucket AT TIME ZONE 'UTC')::date NOT IN (SELECT d.day FROM dropped_days() AS d (day));
