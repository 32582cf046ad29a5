-- SPDX-License-Identifier: Apache-2.0
-- A page of messages that asked for a receipt and have neither that nor an error (F2), oldest first, by
-- the partial index message_open: what was answered costs nothing. The plan is kept (plan_kept): making one
-- for all days took a hundred times longer than the page. Columns as messages_conv.
--   $1 int4         realm
--   $2 timestamptz  sent since, $3 timestamptz until, exclusive; never null, so that other days are passed over
--   $4 timestamptz  sent_at of the row to go on after, null = none
--   $5 int8         its conversation, $6 int8 its key, $7 int4 its n
--   $8 int8         rows at most
-- include open_rows
      ORDER BY a.sent_at, a.conv, a.key, a.n
      LIMIT $8::int8) AS m
ORDER BY m.sent_at, m.conv, m.key, m.n;
