-- SPDX-License-Identifier: Apache-2.0
-- The batch itself, and the lane's newest commit number. Who listens is told when it is committed.
--   $1 int8           commit number
--   $2 int2           lane
--   $3 int4           realm
--   $4 int8           events
--   $5 int8           new rows
--   $6 int8           changed rows
--   $7 timestamptz[]  spans that hold their times
WITH numbered AS (UPDATE lane SET commit = $1 WHERE id = $2)
INSERT INTO batch (commit, lane, realm, events, inserted, updated, spans)
VALUES ($1, $2, $3, $4, $5, $6, $7)
RETURNING pg_notify('receiptd_commit', '');
