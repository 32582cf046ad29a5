-- SPDX-License-Identifier: Apache-2.0
-- Stored rows of keys without id that began in a span and were seen again and again up to a later time
-- (M4). Columns as load_keys.
--   $1 int8[]         conversation
--   $2 int8[]         key
--   $3 timestamptz[]  from
--   $4 timestamptz[]  to, inclusive
--   $5 timestamptz[]  days (put_in_days)
--   $6 timestamptz[]  seen last then or later
SELECT r FROM (
SELECT
-- include message_columns
       m.tie, f.jid, t.jid
FROM unnest($1::int8[], $2::int8[], $3::timestamptz[], $4::timestamptz[],
            $6::timestamptz[]) AS w (conv, key, lo, hi, reach)
JOIN message AS m ON m.conv = w.conv AND m.sent_at BETWEEN w.lo AND w.hi AND m.key = w.key
 AND m.last_at >= w.reach AND m.id IS NULL AND m.last_at - m.sent_at > interval '10 seconds'
 AND in_days(m.sent_at, $5::timestamptz[])
LEFT JOIN jid AS f ON f.id = m.from_jid
LEFT JOIN jid AS t ON t.id = m.to_jid
) AS r;
