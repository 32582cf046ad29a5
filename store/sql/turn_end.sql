-- SPDX-License-Identifier: Apache-2.0
-- Gives it back.
--   $1 int4  LOCK_SPACE
--   $2 int4  which
SELECT pg_advisory_unlock($1, $2);
