-- SPDX-License-Identifier: Apache-2.0
-- What rows count as, by identity: for the roll-ups. The columns of part/counted_columns, then the place.
--   $1 int8[]         conversation
--   $2 timestamptz[]  sent_at
--   $3 int8[]         key
--   $4 int4[]         n
--   $5 timestamptz[]  days (put_in_days)
SELECT r FROM (
SELECT
-- include counted_columns
     , u.place::int8
FROM unnest($1::int8[], $2::timestamptz[], $3::int8[], $4::int4[])
     WITH ORDINALITY AS u (conv, sent_at, key, n, place)
JOIN message AS m
  ON m.conv = u.conv AND m.sent_at = u.sent_at AND m.key = u.key AND m.n = u.n
 AND in_days(m.sent_at, $5::timestamptz[])
LEFT JOIN jid AS f ON f.id = m.from_jid
LEFT JOIN jid AS t ON t.id = m.to_jid
) AS r;
