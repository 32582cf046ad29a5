-- SPDX-License-Identifier: Apache-2.0
-- Markers of readers of rooms that do not say what their message and the markers before them give (P8):
-- when the message was sent, and whether one sent later had been marked. Markers whose order is not
-- known (T1) do not judge each other. What marked a message sent later came later than this one was sent, so markers before
-- the day are of no account; where days were dropped, those that are may have gone with them.
--   $1 int4         realm
--   $2 timestamptz  since: a UTC day, of the messages
--   $3 timestamptz  until, exclusive: a UTC day
--   $4 int8         at most so many
--   $5 int8         first conversation
--   $6 int8         last conversation
WITH x AS (
     SELECT a.*, max(a.mark_target) OVER (
                 PARTITION BY a.conv, a.mark_device ORDER BY a.mark_at, a.mark_bits & 2 = 0,
                      CASE WHEN a.mark_bits & 4 = 0 THEN a.mark_tie ELSE a.tie END NULLS FIRST
                 GROUPS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS newest
     FROM ack AS a
     WHERE a.realm = $1 AND a.mark_device IS NOT NULL AND a.seen_at >= $2::timestamptz - interval '1 day'
       AND a.conv BETWEEN $5 AND $6)
SELECT 'marker ' || lpad(to_hex(x.conv), 16, '0') || '/' || lpad(to_hex(x.key), 16, '0')
       || ' reader ' || lpad(to_hex(x.mark_device), 16, '0') AS what,
       x.mark_at, v.name, coalesce(v.stored, 'null'), coalesce(v.made, 'null')
FROM x
LEFT JOIN message AS m ON m.conv = x.conv AND m.sent_at = x.mark_target AND m.key = x.key AND m.n = x.n
CROSS JOIN LATERAL (VALUES
     ('mark_target', x.mark_target::text, m.sent_at::text),
     ('mark_bits (backward)', (x.mark_bits & 1)::text, coalesce(x.newest > x.mark_target, false)::int::text))
     AS v (name, stored, made)
WHERE x.mark_target >= $2 AND x.mark_target < $3 AND v.stored IS DISTINCT FROM v.made
  AND NOT EXISTS (SELECT FROM dropped_days())
ORDER BY x.mark_at, x.conv, x.key, v.name
LIMIT $4;
