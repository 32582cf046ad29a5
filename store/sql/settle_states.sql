-- SPDX-License-Identifier: Apache-2.0
-- Chat states of spans.
--   $1 int8[]         conversation
--   $2 timestamptz[]  from
--   $3 timestamptz[]  to, inclusive
--   $4 timestamptz[]  days (put_in_days)
SELECT r FROM (
SELECT w.place::int8, c.at, c.from_jid, c.resource, c.to_jid, c.state, c.leg, c.content, c.ingress,
       c.own_id, c.sig, c.position, c.tie
FROM unnest($1::int8[], $2::timestamptz[], $3::timestamptz[])
     WITH ORDINALITY AS w (conv, lo, hi, place)
JOIN chat_state AS c ON c.conv = w.conv AND c.at BETWEEN w.lo AND w.hi
 AND in_days(c.at, $4::timestamptz[])
) AS r;
