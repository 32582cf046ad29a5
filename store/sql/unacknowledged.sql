-- SPDX-License-Identifier: Apache-2.0
-- A page of messages that asked for a receipt and have neither that nor an error (F2), oldest first, by
-- the partial index message_open: what was answered costs nothing. The plan is kept (plan_kept): making one
-- for all days took a hundred times longer than the page. Columns as messages_conv.
--   $1 int4         realm
--   $2 timestamptz  sent since, $3 timestamptz until, exclusive; never null, so that other days are passed over
--   $4 timestamptz  sent_at of the row to go on after, null = none
--   $5 int8         its conversation, $6 int8 its key, $7 int4 its n
--   $8 int8         rows at most
SELECT
-- include shown_columns
       (SELECT f.jid FROM jid AS f WHERE f.id = m.from_jid),
       (SELECT t.jid FROM jid AS t WHERE t.id = m.to_jid), NULL::text
FROM (SELECT
-- include conv_columns
      FROM message AS a
      WHERE a.state < 4 AND (a.flags & 1048581) <> 0 AND a.id IS NOT NULL AND a.class <= 2
        AND a.realm = $1
        AND a.sent_at >= $2::timestamptz AND a.sent_at < $3::timestamptz
        AND ($4::timestamptz IS NULL
             OR (a.sent_at, a.conv, a.key, a.n) > ($4, $5::int8, $6::int8, $7::int4))
      ORDER BY a.sent_at, a.conv, a.key, a.n
      LIMIT $8::int8) AS m
ORDER BY m.sent_at, m.conv, m.key, m.n;
