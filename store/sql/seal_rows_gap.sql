-- SPDX-License-Identifier: Apache-2.0
-- Gaps: as seal_rows_message.
--   $1 int8  commit, exclusive
--   $2 int8  commit, inclusive
SELECT r
FROM (SELECT g.commit, g.source, g.generation, g.from_offset, g.realm, g.to_offset, g.from_at, g.to_at,
             g.cause, g.lost, g.at_end, g.found_at
      FROM gap AS g
      WHERE g.commit > $1 AND g.commit <= $2
      ORDER BY g.source, g.generation, g.from_offset) AS r;
