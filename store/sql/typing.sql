-- SPDX-License-Identifier: Apache-2.0
-- Typing intervals by their start.
--   $1 int4         realm; 0 = all
--   $2 timestamptz  since, null = open
--   $3 timestamptz  until, exclusive, null = open
SELECT f.jid, t.resource, r.jid, t.start_at, t.end_at, t.ended, t.position
FROM typing AS t
LEFT JOIN jid AS f ON f.id = t.from_jid
LEFT JOIN jid AS r ON r.id = t.to_jid
WHERE ($1 = 0 OR t.realm = $1)
  AND ($2::timestamptz IS NULL OR t.start_at >= $2)
  AND ($3::timestamptz IS NULL OR t.start_at < $3)
ORDER BY t.start_at, f.jid COLLATE "C", t.resource COLLATE "C" NULLS FIRST, r.jid COLLATE "C",
         t.device;
