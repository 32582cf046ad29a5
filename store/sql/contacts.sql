-- SPDX-License-Identifier: Apache-2.0
-- Conversations of one account, occupant or room, the last one first: those of table party that have a
-- message in the interval. Each is looked up by the index (conv, sent_at), so the rest of the day costs
-- nothing.
--   $1 int4         realm
--   $2 timestamptz  since
--   $3 timestamptz  until, exclusive
--   $4 int8         the account
--   $5 text         domain of the other party or the room, null = any
--   $6 timestamptz  last_at of the one to go on after, null = none
--   $7 int8         its conversation
--   $8 int8         at most so many
WITH c AS MATERIALIZED (
     SELECT p.conv, x.last_at
     FROM party AS p
     CROSS JOIN LATERAL (
          SELECT m.sent_at AS last_at, m.class, m.from_jid, m.to_jid
          FROM message AS m
          WHERE m.conv = p.conv AND m.sent_at >= $2 AND m.sent_at < $3 AND m.class < 8
          ORDER BY m.sent_at DESC
          LIMIT 1) AS x
     WHERE p.jid = $4::int8 AND p.realm = $1
       AND ($6::timestamptz IS NULL OR (x.last_at, p.conv) < ($6, $7::int8))
       AND ($5::text IS NULL
            OR EXISTS (SELECT FROM jid AS j WHERE j.id = x.to_jid AND j.domain = $5)
            OR (x.class <> 5
                AND EXISTS (SELECT FROM jid AS j WHERE j.id = x.from_jid AND j.domain = $5)))
     ORDER BY x.last_at DESC, p.conv DESC
     LIMIT $8::int8)
-- include conversation_counts
