-- SPDX-License-Identifier: Apache-2.0
-- Sealed messages that are about to be removed, or to get another place: it is noted that they went.
--   $1 int8[]         conversation
--   $2 timestamptz[]  sent_at
--   $3 int8[]         key
--   $4 int4[]         n
--   $5 timestamptz[]  days (put_in_days)
--   $6 int8           commit
INSERT INTO seal_gone (kind, day, row, commit)
SELECT 1, (m.sent_at AT TIME ZONE 'UTC')::date, seal_message(m.conv, m.sent_at, m.key, m.n), $6
FROM unnest($1::int8[], $2::timestamptz[], $3::int8[], $4::int4[]) AS u (conv, sent_at, key, n)
JOIN message AS m ON m.conv = u.conv AND m.sent_at = u.sent_at AND m.key = u.key AND m.n = u.n
 AND in_days(m.sent_at, $5::timestamptz[])
WHERE (SELECT s.upto FROM seal_state AS s) > 0 AND m.commit <= (SELECT s.upto FROM seal_state AS s);
