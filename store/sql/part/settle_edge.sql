-- SPDX-License-Identifier: Apache-2.0
-- F6: a chat or pm row of each of some spans; the order, which one, follows.
SELECT r FROM (
SELECT w.place::int8, m.sent_at
FROM unnest($1::int8[], $2::timestamptz[], $3::timestamptz[])
     WITH ORDINALITY AS w (conv, lo, hi, place),
LATERAL (SELECT x.sent_at FROM message AS x
         WHERE x.conv = w.conv AND x.class IN (0, 1) AND x.sent_at BETWEEN w.lo AND w.hi
           AND in_days(x.sent_at, $4::timestamptz[])
