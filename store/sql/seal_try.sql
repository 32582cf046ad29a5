-- SPDX-License-Identifier: Apache-2.0
-- One process seals at a time.
--   $1 int4  LOCK_SPACE
--   $2 int4  which
SELECT pg_try_advisory_xact_lock($1, $2);
