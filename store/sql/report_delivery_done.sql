-- SPDX-License-Identifier: Apache-2.0
-- It was tried.
--   $1 int4  realm   $2 text  period   $3 date  day   $4 text  zone   $5 int4  revision   $6 text  way
--   $7 timestamptz  done, null = failed   $8 timestamptz  next try, null = none   $9 text  problem
UPDATE report_delivery AS d
SET tries = d.tries + 1, done_at = $7, next_at = $8, problem = $9
WHERE d.realm = $1 AND d.period = $2 AND d.day = $3 AND d.zone = $4 AND d.revision = $5 AND d.way = $6;
