-- SPDX-License-Identifier: Apache-2.0
-- How many gaps of a generation are stored.
--   $1 int4  generation
SELECT count(*) FROM gap AS g WHERE g.generation = $1;
