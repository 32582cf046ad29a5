-- SPDX-License-Identifier: Apache-2.0
-- Conversations whose last message of an interval lies in a slice of it, the last one first.
--   $1 int4         realm
--   $2 timestamptz  since
--   $3 timestamptz  until, exclusive
--   $4 int8         null: nobody's
--   $5 text         domain of a party or of the room, null = any
--   $6 timestamptz  last_at of the one to go on after, null = none
--   $7 int8         its conversation
--   $8 int8         at most so many
--   $9 timestamptz  begin of the slice
--   $10 timestamptz its end, exclusive
WITH g AS MATERIALIZED (
     SELECT m.conv, max(m.sent_at) AS last_at
     FROM message AS m
     WHERE m.realm = $1 AND m.class < 8 AND m.sent_at >= $9 AND m.sent_at < $10
       AND ($5::text IS NULL
            OR EXISTS (SELECT FROM jid AS j WHERE j.id = m.to_jid AND j.domain = $5)
            OR (m.class <> 5
                AND EXISTS (SELECT FROM jid AS j WHERE j.id = m.from_jid AND j.domain = $5)))
     GROUP BY m.conv),
c AS MATERIALIZED (
     SELECT g.conv, g.last_at
     FROM g
     WHERE ($6::timestamptz IS NULL OR (g.last_at, g.conv) < ($6, $7::int8))
       AND NOT EXISTS (SELECT FROM message AS x
                       WHERE x.conv = g.conv AND x.sent_at >= $10 AND x.sent_at < $3
                         AND x.class < 8)
     ORDER BY g.last_at DESC, g.conv DESC
     LIMIT $8::int8)
-- include conversation_counts
