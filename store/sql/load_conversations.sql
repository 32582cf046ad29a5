-- SPDX-License-Identifier: Apache-2.0
-- Stored rows of wanted keys of conversations that want many: one walk per conversation. Inside
-- CASE the list of keys stays a hashed look-up and does not become a join. Columns as load_keys.
--   $1 int8[]         conversation
--   $2 int8[]         keys, of all of them
--   $3 timestamptz[]  from
--   $4 timestamptz[]  to, inclusive
--   $5 timestamptz[]  days (put_in_days)
SELECT
-- include message_columns
       m.tie, f.jid, t.jid
FROM unnest($1::int8[], $3::timestamptz[], $4::timestamptz[]) AS w (conv, lo, hi)
JOIN message AS m
  ON m.conv = w.conv AND m.sent_at BETWEEN w.lo AND w.hi AND in_days(m.sent_at, $5::timestamptz[])
 AND CASE WHEN m.key IN (SELECT unnest($2::int8[])) THEN true ELSE false END
LEFT JOIN jid AS f ON f.id = m.from_jid
LEFT JOIN jid AS t ON t.id = m.to_jid;
