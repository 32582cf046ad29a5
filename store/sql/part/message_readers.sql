-- SPDX-License-Identifier: Apache-2.0
-- p: readers of a room (P12), only with $17; m: message.
-- The condition stands outside of what it spares (OFFSET 0 keeps it there): other rows are passed over at once.
LEFT JOIN LATERAL (SELECT g.* FROM (
     SELECT array_agg(g.who ORDER BY g.who COLLATE "C") AS who,
            array_agg(g.displayed ORDER BY g.who COLLATE "C") AS displayed,
            array_agg(g.received ORDER BY g.who COLLATE "C") AS received
     FROM room_readers(m.conv, m.sent_at, m.key, m.n,
          (SELECT f.jid FROM jid AS f WHERE f.id = m.from_jid), m.nick, m.thread, m.marks & 8 <> 0,
          (SELECT make_interval(secs => (r.rules ->> 'w_upto')::float8)
           FROM realm AS r WHERE r.id = m.realm)) AS g) AS g
     WHERE $17 AND m.class = 5 OFFSET 0) AS p ON true
