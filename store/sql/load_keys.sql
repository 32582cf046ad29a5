-- SPDX-License-Identifier: Apache-2.0
-- Stored rows of wanted keys, each within its own span of time. Columns as in store/message_row.c,
-- then the two JIDs.
--   $1 int8[]         conversation
--   $2 int8[]         key
--   $3 timestamptz[]  from
--   $4 timestamptz[]  to, inclusive
--   $5 timestamptz[]  days (put_in_days)
SELECT r FROM (
SELECT
-- include message_columns
       m.tie, f.jid, t.jid
FROM unnest($1::int8[], $2::int8[], $3::timestamptz[], $4::timestamptz[]) AS w (conv, key, lo, hi)
JOIN message AS m ON m.conv = w.conv AND m.sent_at BETWEEN w.lo AND w.hi AND m.key = w.key
 AND in_days(m.sent_at, $5::timestamptz[])
LEFT JOIN jid AS f ON f.id = m.from_jid
LEFT JOIN jid AS t ON t.id = m.to_jid
) AS r;
