-- SPDX-License-Identifier: Apache-2.0
-- d: devices that acknowledged, p: readers of a room; both only with $17; m: message, f: the sender.
LEFT JOIN LATERAL (
     SELECT array_agg(g.device ORDER BY g.device COLLATE "C") AS device,
            array_agg(g.delivered ORDER BY g.device COLLATE "C") AS delivered,
            array_agg(g.displayed ORDER BY g.device COLLATE "C") AS displayed
     FROM (SELECT j.jid || coalesce('/' || a.by_resource, '') AS device,
                  min(a.seen_at) FILTER (WHERE a.kind IN (0, 1, 5)) AS delivered,
                  min(a.seen_at) FILTER (WHERE a.kind IN (2, 3, 6)) AS displayed
           FROM ack AS a
           JOIN jid AS j ON j.id = a.by_jid
           WHERE $17 AND m.marks & 32 <> 0 AND a.conv = m.conv AND a.key = m.key
             AND a.n = m.n AND a.class = 0 AND a.kind IN (0, 1, 2, 3, 5, 6)
             AND a.seen_at >= m.sent_at - interval '1 day'
           GROUP BY 1) AS g) AS d ON true
LEFT JOIN LATERAL (
     SELECT array_agg(g.who ORDER BY g.who COLLATE "C") AS who,
            array_agg(g.displayed ORDER BY g.who COLLATE "C") AS displayed,
            array_agg(g.received ORDER BY g.who COLLATE "C") AS received
     FROM room_readers(m.conv, m.sent_at, m.key, m.n, f.jid, m.nick, m.thread, m.marks & 8 <> 0,
          (SELECT make_interval(secs => (r.rules ->> 'w_upto')::float8)
           FROM realm AS r WHERE r.id = m.realm)) AS g
     WHERE $17 AND m.class = 5) AS p ON true
