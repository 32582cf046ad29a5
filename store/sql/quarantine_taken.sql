-- SPDX-License-Identifier: Apache-2.0
-- The first bytes of a file are the end of the one before it: what was set aside of them is read (F26).
--   $1 int4  generation
--   $2 int8  bytes
DELETE FROM quarantine AS q
WHERE q.generation = $1 AND q."offset" + q.length <= $2;
