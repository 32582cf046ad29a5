-- SPDX-License-Identifier: Apache-2.0
-- Gaps that overlap an interval, oldest first; what came too late for a dropped day is one, too.
--   $1 int4         realm; 0 = all
--   $2 timestamptz  since, null = open
--   $3 timestamptz  until, exclusive, null = open
WITH p AS (
     SELECT p.realm, p.source, p.generation, p.from_offset, p.to_offset, p.from_at, p.to_at, p.cause,
            p.lost, p.found_at
     FROM gap AS p
     UNION ALL
     SELECT c.realm, 0, 0, 0, 0, c.day::timestamp AT TIME ZONE 'UTC',
            (c.day + 1)::timestamp AT TIME ZONE 'UTC', 'late for a dropped day', c.n, d.dropped_at
     FROM line_counter AS c
     JOIN dropped_day AS d ON d.day = c.day
     WHERE c.name = 'late_dropped')
SELECT coalesce(s.name, ''), p.cause, p.from_at, p.to_at, p.found_at, p.from_offset, p.to_offset,
       coalesce(p.lost, -1)
FROM p
LEFT JOIN source AS s ON s.id = p.source
WHERE ($1 = 0 OR p.realm = $1)
  AND ($3::timestamptz IS NULL OR p.from_at IS NULL OR p.from_at < $3)
  AND ($2::timestamptz IS NULL OR p.to_at IS NULL OR p.to_at >= $2)
ORDER BY p.from_at NULLS FIRST, p.found_at, p.generation, p.from_offset;
