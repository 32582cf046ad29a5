-- SPDX-License-Identifier: Apache-2.0
-- All rows of a range of conversations in a span. Columns as load_keys.
--   $1 int4         realm
--   $2 timestamptz  since
--   $3 timestamptz  until, exclusive
--   $4 int8         first conversation
--   $5 int8         last conversation
SELECT r FROM (
SELECT
-- include message_columns
       m.tie, f.jid, t.jid
FROM message AS m
LEFT JOIN jid AS f ON f.id = m.from_jid
LEFT JOIN jid AS t ON t.id = m.to_jid
WHERE m.realm = $1 AND m.sent_at >= $2 AND m.sent_at < $3 AND m.conv BETWEEN $4 AND $5
) AS r;
