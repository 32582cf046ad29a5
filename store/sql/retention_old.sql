-- SPDX-License-Identifier: Apache-2.0
-- What is older than a number of days goes from one table (or would go).
--   $1 text         which
--   $2 int8         days
--   $3 timestamptz  now, clock of the host
--   $4 bool         only say how many
SELECT expire_old($1, date_trunc('day', $3::timestamptz, 'UTC') - make_interval(days => $2::int8::int4), $4);
