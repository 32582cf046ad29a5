-- SPDX-License-Identifier: Apache-2.0
-- Stored typing intervals that touch a span.
--   $1 int8[]         conversation
--   $2 timestamptz[]  from
--   $3 timestamptz[]  to, inclusive
SELECT w.place::int8, t.start_at, t.device, t.from_jid, t.resource, t.to_jid, t.end_at, t.ended,
       t.position
FROM unnest($1::int8[], $2::timestamptz[], $3::timestamptz[])
     WITH ORDINALITY AS w (conv, lo, hi, place)
JOIN typing AS t ON t.conv = w.conv AND t.end_at >= w.lo AND t.start_at <= w.hi;
