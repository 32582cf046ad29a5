-- SPDX-License-Identifier: Apache-2.0
-- Dropped days: as seal_rows_message.
--   $1 int8  commit, exclusive
--   $2 int8  commit, inclusive
SELECT r
FROM (SELECT d.commit, d.day, d.dropped_at, d.rows, d.reason
      FROM dropped_day AS d
      WHERE d.commit > $1 AND d.commit <= $2
      ORDER BY d.day) AS r;
