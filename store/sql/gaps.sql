-- SPDX-License-Identifier: Apache-2.0
-- Gaps that overlap an interval, oldest first.
--   $1 int4         realm; 0 = all
--   $2 timestamptz  since, null = open
--   $3 timestamptz  until, exclusive, null = open
SELECT coalesce(s.name, ''), p.cause, p.from_at, p.to_at, p.found_at, p.from_offset, p.to_offset,
       coalesce(p.lost, -1)
FROM gap AS p
LEFT JOIN source AS s ON s.id = p.source
WHERE ($1 = 0 OR p.realm = $1)
  AND ($3::timestamptz IS NULL OR p.from_at IS NULL OR p.from_at < $3)
  AND ($2::timestamptz IS NULL OR p.to_at IS NULL OR p.to_at >= $2)
ORDER BY p.from_at NULLS FIRST, p.found_at, p.generation, p.from_offset;
