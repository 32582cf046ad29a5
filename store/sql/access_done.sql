-- SPDX-License-Identifier: Apache-2.0
-- The count, after the answer.
--   $1 int8  id
--   $2 int8  rows
UPDATE access_log
SET rows = $2
WHERE id = $1;
