-- SPDX-License-Identifier: Apache-2.0
-- F6: the chat or pm row before a span and the one after it; near days first.
--   $1 int8[]         conversation
--   $2 timestamptz[]  from
--   $3 timestamptz[]  to, inclusive
SELECT w.place::int8,
       coalesce((SELECT m.sent_at FROM message AS m
                 WHERE m.conv = w.conv AND m.class IN (0, 1) AND m.sent_at < w.lo
                   AND m.sent_at >= w.lo - interval '3 days'
                 ORDER BY m.sent_at DESC LIMIT 1),
                (SELECT m.sent_at FROM message AS m
                 WHERE m.conv = w.conv AND m.class IN (0, 1) AND m.sent_at < w.lo
                 ORDER BY m.sent_at DESC LIMIT 1)),
       coalesce((SELECT m.sent_at FROM message AS m
                 WHERE m.conv = w.conv AND m.class IN (0, 1) AND m.sent_at > w.hi
                   AND m.sent_at <= w.hi + interval '3 days'
                 ORDER BY m.sent_at LIMIT 1),
                (SELECT m.sent_at FROM message AS m
                 WHERE m.conv = w.conv AND m.class IN (0, 1) AND m.sent_at > w.hi
                 ORDER BY m.sent_at LIMIT 1))
FROM unnest($1::int8[], $2::timestamptz[], $3::timestamptz[])
     WITH ORDINALITY AS w (conv, lo, hi, place);
