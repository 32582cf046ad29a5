-- SPDX-License-Identifier: Apache-2.0
-- Whether this role may write the catalogue anew and set how WAL is kept; whether old WAL is removed already.
SELECT r.rolsuper, current_setting('wal_recycle') = 'off'
FROM pg_roles AS r
WHERE r.rolname = current_user;
