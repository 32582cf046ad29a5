-- SPDX-License-Identifier: Apache-2.0
-- The batch itself, and the lane's newest commit number.
--   $1 int8  commit number
--   $2 int2  lane
--   $3 int4  realm
--   $4 int8  events
--   $5 int8  new rows
--   $6 int8  changed rows
WITH numbered AS (UPDATE lane SET commit = $1 WHERE id = $2)
INSERT INTO batch (commit, lane, realm, events, inserted, updated)
VALUES ($1, $2, $3, $4, $5, $6);
