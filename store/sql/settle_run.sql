-- SPDX-License-Identifier: Apache-2.0
-- F6: the run of rows that is under way where a span begins: its last row, the last row of the other
-- party before it, and its first row when that is not too old to be answered.
--   $1 int8[]         conversation
--   $2 timestamptz[]  begin
--   $3 timestamptz[]  t_infer before it
--   $4 timestamptz[]  the last row before $2, null = none
--   $5 timestamptz[]  the last row before $3, null = none
--   $6 timestamptz[]  days (put_in_days)
SELECT r FROM (
SELECT w.place::int8, p.sent_at AS last, coalesce(q.sent_at, b.sent_at) AS other, f.sent_at AS first
FROM unnest($1::int8[], $2::timestamptz[], $3::timestamptz[], $4::timestamptz[], $5::timestamptz[])
     WITH ORDINALITY AS w (conv, lo, old, last, older, place),
LATERAL (SELECT m.sent_at, m.from_jid FROM message AS m
         WHERE m.conv = w.conv AND m.class IN (0, 1) AND m.sent_at = w.last
           AND in_days(m.sent_at, $6::timestamptz[]) LIMIT 1) AS p
LEFT JOIN LATERAL
        (SELECT m.sent_at FROM message AS m
         WHERE m.conv = w.conv AND m.class IN (0, 1) AND m.sent_at < w.lo AND m.sent_at >= w.old
           AND m.from_jid <> p.from_jid AND in_days(m.sent_at, $6::timestamptz[])
         ORDER BY m.sent_at DESC LIMIT 1) AS q ON true
LEFT JOIN LATERAL
        (SELECT m.sent_at, m.from_jid FROM message AS m
         WHERE q.sent_at IS NULL AND m.conv = w.conv AND m.class IN (0, 1) AND m.sent_at = w.older
           AND in_days(m.sent_at, $6::timestamptz[]) LIMIT 1) AS b ON true
LEFT JOIN LATERAL
        (SELECT m.sent_at FROM message AS m
         WHERE (b.from_jid IS NULL OR b.from_jid <> p.from_jid) AND m.conv = w.conv
           AND m.class IN (0, 1) AND m.sent_at < w.lo AND m.sent_at >= w.old
           AND m.sent_at > coalesce(q.sent_at, '-infinity') AND in_days(m.sent_at, $6::timestamptz[])
         ORDER BY m.sent_at LIMIT 1) AS f ON true
) AS r;
