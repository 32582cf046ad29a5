-- SPDX-License-Identifier: Apache-2.0
-- How many records of a generation are in quarantine with a row of their own.
--   $1 int4  generation
SELECT count(*) FROM quarantine AS q WHERE q.generation = $1;
