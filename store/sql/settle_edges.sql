-- SPDX-License-Identifier: Apache-2.0
-- F6: the chat or pm row before a span and the one after it: on the same day, on the nearest day that
-- may hold one, on the others.
--   $1 int8[]         conversation
--   $2 timestamptz[]  from
--   $3 timestamptz[]  to, inclusive
--   $4 timestamptz[]  begin of the day of "from"
--   $5 timestamptz[]  begin of the nearest day before it, null = none
--   $6 timestamptz[]  begin of the earliest one
--   $7 timestamptz[]  end of the day of "to"
--   $8 timestamptz[]  end of the nearest day after it, null = none
--   $9 timestamptz[]  end of the latest one
SELECT w.place::int8,
       coalesce((SELECT m.sent_at FROM message AS m
                 WHERE m.conv = w.conv AND m.class IN (0, 1) AND m.sent_at < w.lo
                   AND m.sent_at >= w.today
                 ORDER BY m.sent_at DESC LIMIT 1),
                (SELECT m.sent_at FROM message AS m
                 WHERE m.conv = w.conv AND m.class IN (0, 1)
                   AND m.sent_at >= w.near AND m.sent_at < w.near + interval '1 day'
                 ORDER BY m.sent_at DESC LIMIT 1),
                (SELECT m.sent_at FROM message AS m
                 WHERE m.conv = w.conv AND m.class IN (0, 1) AND m.sent_at < w.near
                   AND m.sent_at >= w.far
                 ORDER BY m.sent_at DESC LIMIT 1)),
       coalesce((SELECT m.sent_at FROM message AS m
                 WHERE m.conv = w.conv AND m.class IN (0, 1) AND m.sent_at > w.hi
                   AND m.sent_at <= w.tonight
                 ORDER BY m.sent_at LIMIT 1),
                (SELECT m.sent_at FROM message AS m
                 WHERE m.conv = w.conv AND m.class IN (0, 1)
                   AND m.sent_at <= w.next AND m.sent_at > w.next - interval '1 day'
                 ORDER BY m.sent_at LIMIT 1),
                (SELECT m.sent_at FROM message AS m
                 WHERE m.conv = w.conv AND m.class IN (0, 1) AND m.sent_at > w.next
                   AND m.sent_at <= w.last
                 ORDER BY m.sent_at LIMIT 1))
FROM unnest($1::int8[], $2::timestamptz[], $3::timestamptz[], $4::timestamptz[],
            $5::timestamptz[], $6::timestamptz[], $7::timestamptz[], $8::timestamptz[],
            $9::timestamptz[])
     WITH ORDINALITY AS w (conv, lo, hi, today, near, far, tonight, next, last, place);
