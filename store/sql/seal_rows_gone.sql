-- SPDX-License-Identifier: Apache-2.0
-- Sealed rows that went: as seal_rows_message.
--   $1 int8  commit, exclusive
--   $2 int8  commit, inclusive
SELECT r
FROM (SELECT g.commit, g.kind, g.day, g.row, g.commit AS at
      FROM seal_gone AS g
      WHERE g.commit > $1 AND g.commit <= $2
      ORDER BY g.kind, g.day, g.row, g.commit) AS r;
