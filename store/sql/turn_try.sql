-- SPDX-License-Identifier: Apache-2.0
-- Advisory lock of this session, without waiting: is it ours now?
--   $1 int4  LOCK_SPACE
--   $2 int4  which
SELECT pg_try_advisory_lock($1, $2);
