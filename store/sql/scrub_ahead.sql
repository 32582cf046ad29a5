-- SPDX-License-Identifier: Apache-2.0
-- Files of WAL that wait to be used and still hold what was written long ago.
SELECT count(*)
FROM pg_ls_waldir() AS w
WHERE w.name ~ '^[0-9A-F]{24}$' AND w.name > pg_walfile_name(pg_current_wal_insert_lsn());
