-- SPDX-License-Identifier: Apache-2.0
-- Rows of spans, and beyond them those that are marked up to (I3).
--   $1 int8[]         conversation
--   $2 timestamptz[]  from
--   $3 timestamptz[]  to, inclusive
--   $4 timestamptz[]  to, for marked ones
--   $5 bool           there are marked ones at all
--   $6 timestamptz[]  days of the rows (put_in_days)
--   $7 timestamptz[]  days of what is marked up to
SELECT r FROM (
SELECT w.place::int8, m.sent_at, m.key, m.n, m.from_jid, m.to_jid, m.id, m.from_resource, m.class,
       m.source, m.delivered_at, m.displayed_at, m.reaction_at, m.reply_at, m.mds_at,
       m.read_inferred_at, m.read_via, m.response_ms, true, m.tie
FROM unnest($1::int8[], $2::timestamptz[], $3::timestamptz[])
     WITH ORDINALITY AS w (conv, lo, hi, place)
JOIN message AS m ON m.conv = w.conv AND m.sent_at BETWEEN w.lo AND w.hi
 AND in_days(m.sent_at, $6::timestamptz[])
UNION ALL
SELECT w.place::int8, m.sent_at, m.key, m.n, m.from_jid, m.to_jid, m.id, m.from_resource, m.class,
       m.source, m.delivered_at, m.displayed_at, m.reaction_at, m.reply_at, m.mds_at,
       m.read_inferred_at, m.read_via, m.response_ms, true, m.tie
FROM unnest($1::int8[], $3::timestamptz[], $4::timestamptz[])
     WITH ORDINALITY AS w (conv, hi, reach, place)
JOIN message AS m
  ON m.conv = w.conv AND m.sent_at > w.hi AND m.sent_at <= w.reach AND m.mds_at IS NOT NULL
 AND in_days(m.sent_at, $7::timestamptz[])
WHERE $5
) AS r;
