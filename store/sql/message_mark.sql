-- SPDX-License-Identifier: Apache-2.0
-- Rows that were marked up to, or are so earlier than before (P8), and what follows from it.
--   $1 int8[]         conversation
--   $2 timestamptz[]  sent_at
--   $3 int8[]         key
--   $4 int4[]         n
--   $5 ... $12        the new values
--   $13 int8          commit
--   $14 timestamptz[]  days (put_in_days)
UPDATE message AS m
SET upto_delivered_at = u.upto_delivered_at, upto_displayed_at = u.upto_displayed_at,
    delivered_at = u.delivered_at, displayed_at = u.displayed_at,
    delivered_via = u.delivered_via, displayed_via = u.displayed_via, state = u.state,
    marks = u.marks, commit = $13::int8
FROM unnest($1::int8[], $2::timestamptz[], $3::int8[], $4::int4[], $5::timestamptz[],
            $6::timestamptz[], $7::timestamptz[], $8::timestamptz[], $9::int2[], $10::int2[],
            $11::int2[], $12::int2[])
     AS u (conv, sent_at, key, n, upto_delivered_at, upto_displayed_at, delivered_at,
           displayed_at, delivered_via, displayed_via, state, marks)
WHERE m.conv = u.conv AND m.sent_at = u.sent_at AND m.key = u.key AND m.n = u.n
  AND in_days(m.sent_at, $14::timestamptz[]);
