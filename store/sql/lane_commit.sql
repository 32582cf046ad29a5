-- SPDX-License-Identifier: Apache-2.0
-- The newest commit number of a lane whose batch is one of several transactions.
--   $1 int8  commit number
--   $2 int2  lane
UPDATE lane SET commit = $1 WHERE id = $2;
