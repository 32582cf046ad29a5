-- SPDX-License-Identifier: Apache-2.0
-- Rows that will get the number or the time of one another: out of the way first, n becomes -n.
--   $1 int8[]         conversation
--   $2 timestamptz[]  sent_at
--   $3 int8[]         key
--   $4 int4[]         n
--   $5 timestamptz[]  days (put_in_days)
UPDATE message AS m
SET n = -m.n
FROM unnest($1::int8[], $2::timestamptz[], $3::int8[], $4::int4[]) AS u (conv, sent_at, key, n)
WHERE m.conv = u.conv AND m.sent_at = u.sent_at AND m.key = u.key AND m.n = u.n
  AND in_days(m.sent_at, $5::timestamptz[]);
