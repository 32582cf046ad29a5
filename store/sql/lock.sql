-- SPDX-License-Identifier: Apache-2.0
-- Advisory lock up to the end of the transaction.
--   $1 int4  LOCK_SPACE
--   $2 int4  which
SELECT pg_advisory_xact_lock($1, $2);
