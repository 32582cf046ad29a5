-- SPDX-License-Identifier: Apache-2.0
-- Open findings whose key has neither rows nor evidence. Those of the order of a conversation have keys
-- of their own.
--   $1 int4         realm
--   $2 timestamptz  since
--   $3 timestamptz  until, exclusive
--   $4 int8         at most so many
--   $5 int8         first conversation
--   $6 int8         last conversation
SELECT 'finding ' || f.rule || ' by ' || f.by || ' ref ' || f.ref AS what, f.last_at, 'open', 'yes', 'no'
FROM finding AS f
WHERE f.realm = $1 AND f.last_at >= $2 AND f.last_at < $3 AND f.key <> 0 AND NOT f.withdrawn
  AND f.conv BETWEEN $5 AND $6
  AND f.rule NOT IN ('CS-REPEAT', 'CS-UNNEGOTIATED')
  AND NOT EXISTS (SELECT FROM message AS m WHERE m.conv = f.conv AND m.key = f.key)
  AND NOT EXISTS (SELECT FROM ack AS a WHERE a.conv = f.conv AND a.key = f.key)
ORDER BY f.last_at, 1
LIMIT $4;
