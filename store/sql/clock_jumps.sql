-- SPDX-License-Identifier: Apache-2.0
-- Where the clock of a log went forward (F48), oldest first.
--   $1 int4 realm, $2 text cause of such gaps, $3 int8 at most so many, the newest
SELECT j.source, j.from_at, j.to_at
FROM (SELECT g.source, g.from_at, g.to_at, g.generation, g.from_offset
      FROM gap AS g
      WHERE g.realm = $1 AND g.cause = $2 AND g.from_at IS NOT NULL AND g.to_at IS NOT NULL
      ORDER BY g.to_at DESC, g.source, g.generation, g.from_offset
      LIMIT $3) AS j
ORDER BY j.to_at, j.source, j.generation, j.from_offset;
