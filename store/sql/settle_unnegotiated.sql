-- SPDX-License-Identifier: Apache-2.0
-- CS-UNNEGOTIATED: S used states first, R answered without any, S shows a standalone one. Ties as in
-- pairing/states.c; what follows the row's own in message.tie does not change how the two compare.
--   $1 int8[]         conversation
--   $2 int8[]         S
--   $3 int8[]         R
--   $4 timestamptz[]  first state of S
--   $5 timestamptz[]  first state of R, null = none
--   $6 int8           w_state in microseconds
--   $7 timestamptz[]  days (put_in_days)
SELECT w.place::int8, s.at, s.position
FROM unnest($1::int8[], $2::int8[], $3::int8[], $4::timestamptz[], $5::timestamptz[])
     WITH ORDINALITY AS w (conv, from_jid, to_jid, first, peer, place)
LEFT JOIN LATERAL
        (SELECT c.tie FROM chat_state AS c
         WHERE c.conv = w.conv AND c.at = w.first AND c.from_jid = w.from_jid AND c.to_jid = w.to_jid
           AND in_days(c.at, $7::timestamptz[])
         ORDER BY c.tie NULLS FIRST LIMIT 1) AS f ON true
LEFT JOIN LATERAL
        (SELECT c.tie FROM chat_state AS c
         WHERE c.conv = w.conv AND c.at = w.peer AND c.from_jid = w.to_jid AND c.to_jid = w.from_jid
           AND in_days(c.at, $7::timestamptz[])
         ORDER BY c.tie NULLS FIRST LIMIT 1) AS p ON true,
LATERAL (SELECT m.sent_at, m.tie FROM message AS m
         WHERE m.conv = w.conv AND m.sent_at >= w.first AND (m.sent_at > w.first OR m.tie > f.tie)
           AND m.sent_at <= coalesce(w.peer, 'infinity')
           AND m.from_jid = w.to_jid AND m.to_jid = w.from_jid
           AND in_days(m.sent_at, $7::timestamptz[])
         ORDER BY m.sent_at, m.tie NULLS FIRST LIMIT 1) AS r,
LATERAL (SELECT c.at, c.position FROM chat_state AS c
         WHERE c.conv = w.conv AND c.at >= r.sent_at
           AND (c.at > r.sent_at OR coalesce(r.tie < c.tie, true))
           AND c.at <= coalesce(w.peer, 'infinity')
           AND (c.at < coalesce(w.peer, 'infinity') OR c.tie < p.tie)
           AND c.from_jid = w.from_jid AND c.to_jid = w.to_jid AND NOT c.content
           AND in_days(c.at, $7::timestamptz[])
           AND NOT EXISTS
               (SELECT FROM chat_state AS e
                WHERE e.conv = c.conv AND e.at <= c.at AND (e.at < c.at OR e.tie < c.tie)
                  AND e.at >= c.at - $6::int8 * interval '1 microsecond'
                  AND e.from_jid = c.from_jid AND e.resource IS NOT DISTINCT FROM c.resource
                  AND e.to_jid = c.to_jid AND e.state = c.state AND NOT e.content
                  AND in_days(e.at, $7::timestamptz[]))
         ORDER BY c.at, c.tie NULLS FIRST, c.position LIMIT 1) AS s;
