-- SPDX-License-Identifier: Apache-2.0
-- F6: the first chat or pm row of spans.
--   $1 int8[]         conversation
--   $2 timestamptz[]  from
--   $3 timestamptz[]  to, inclusive
--   $4 timestamptz[]  days (put_in_days)
SELECT r FROM (
SELECT w.place::int8, m.sent_at
FROM unnest($1::int8[], $2::timestamptz[], $3::timestamptz[])
     WITH ORDINALITY AS w (conv, lo, hi, place),
LATERAL (SELECT x.sent_at FROM message AS x
         WHERE x.conv = w.conv AND x.class IN (0, 1) AND x.sent_at BETWEEN w.lo AND w.hi
           AND in_days(x.sent_at, $4::timestamptz[])
         ORDER BY x.sent_at LIMIT 1) AS m
) AS r;
