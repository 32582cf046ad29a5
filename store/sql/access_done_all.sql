-- SPDX-License-Identifier: Apache-2.0
-- The counts of several answers that have ended; as access_done.
--   $1 int8[]  access_log.id
--   $2 int8[]  rows that were sent
UPDATE access_log AS a
SET rows = d.rows
FROM unnest($1::int8[], $2::int8[]) AS d (id, rows), (SELECT set_config('synchronous_commit', 'off', true)) AS lazily
WHERE a.id = d.id;
