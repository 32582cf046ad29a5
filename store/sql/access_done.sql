-- SPDX-License-Identifier: Apache-2.0
-- The count, after the answer. Not waited for until it is on disk, as the intent is: a crash of the server within the
-- next moment leaves an answer without count, which reads as one that was not finished.
--   $1 int8  id
--   $2 int8  rows
UPDATE access_log
SET rows = $2
FROM (SELECT set_config('synchronous_commit', 'off', true)) AS lazily
WHERE id = $1;
