-- SPDX-License-Identifier: Apache-2.0
-- F6: the run of rows that is under way where a span begins: its last row, the last row of the other
-- party before it, and its first row when that is not too old to be answered.
--   $1 int8[]         conversation
--   $2 timestamptz[]  begin
--   $3 int8           t_infer in microseconds
--   $4 timestamptz[]  begin of its day
--   $5 timestamptz[]  begin of the nearest day before it that may hold rows, null = none
--   $6 timestamptz[]  begin of the earliest one
SELECT w.place::int8, p.sent_at, coalesce(q.sent_at, b.sent_at), f.sent_at
FROM (SELECT u.conv, u.lo, u.far, u.place,
             u.lo - $3::int8 * interval '1 microsecond' AS old,
             coalesce((SELECT m.sent_at FROM message AS m
                       WHERE m.conv = u.conv AND m.class IN (0, 1) AND m.sent_at < u.lo
                         AND m.sent_at >= u.today
                       ORDER BY m.sent_at DESC LIMIT 1),
                      (SELECT m.sent_at FROM message AS m
                       WHERE m.conv = u.conv AND m.class IN (0, 1)
                         AND m.sent_at >= u.near AND m.sent_at < u.near + interval '1 day'
                       ORDER BY m.sent_at DESC LIMIT 1),
                      (SELECT m.sent_at FROM message AS m
                       WHERE m.conv = u.conv AND m.class IN (0, 1) AND m.sent_at < u.near
                         AND m.sent_at >= u.far
                       ORDER BY m.sent_at DESC LIMIT 1)) AS last
      FROM unnest($1::int8[], $2::timestamptz[], $4::timestamptz[], $5::timestamptz[],
                  $6::timestamptz[])
           WITH ORDINALITY AS u (conv, lo, today, near, far, place)) AS w,
LATERAL (SELECT m.sent_at, m.from_jid FROM message AS m
         WHERE m.conv = w.conv AND m.class IN (0, 1) AND m.sent_at = w.last LIMIT 1) AS p
LEFT JOIN LATERAL
        (SELECT m.sent_at FROM message AS m
         WHERE m.conv = w.conv AND m.class IN (0, 1) AND m.sent_at < w.lo AND m.sent_at >= w.old
           AND m.from_jid <> p.from_jid
         ORDER BY m.sent_at DESC LIMIT 1) AS q ON true
LEFT JOIN LATERAL
        (SELECT m.sent_at, m.from_jid FROM message AS m
         WHERE q.sent_at IS NULL AND m.conv = w.conv AND m.class IN (0, 1) AND m.sent_at < w.old
           AND m.sent_at >= w.far
         ORDER BY m.sent_at DESC LIMIT 1) AS b ON true
LEFT JOIN LATERAL
        (SELECT m.sent_at FROM message AS m
         WHERE (b.from_jid IS NULL OR b.from_jid <> p.from_jid) AND m.conv = w.conv
           AND m.class IN (0, 1) AND m.sent_at < w.lo AND m.sent_at >= w.old
           AND m.sent_at > coalesce(q.sent_at, '-infinity')
         ORDER BY m.sent_at LIMIT 1) AS f ON true;
