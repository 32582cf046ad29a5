-- SPDX-License-Identifier: Apache-2.0
-- Conversations that have rows, chat states, typing or findings of their order in a span, and whether
-- something of them waits to be settled.
--   $1 int4         realm
--   $2 timestamptz  since
--   $3 timestamptz  until, exclusive
SELECT c.conv, EXISTS (SELECT FROM settle_unit AS u WHERE u.conv = c.conv)
FROM (SELECT m.conv
      FROM message AS m
      WHERE m.realm = $1 AND m.sent_at >= $2 AND m.sent_at < $3
      UNION
      SELECT s.conv
      FROM chat_state AS s
      WHERE s.realm = $1 AND s.at >= $2 AND s.at < $3
      UNION
      SELECT t.conv
      FROM typing AS t
      WHERE t.realm = $1 AND t.start_at >= $2 AND t.start_at < $3
      UNION
      SELECT f.conv
      FROM finding AS f
      WHERE f.realm = $1 AND f.last_at >= $2 AND f.last_at < $3
        AND f.rule IN ('CS-REPEAT', 'CS-UNNEGOTIATED')) AS c
ORDER BY c.conv;
