-- SPDX-License-Identifier: Apache-2.0
-- d: devices that acknowledged, p: readers of a room; both only with $17; m: message. In the statement
-- itself, which is cheaper than message_devices() where many rows are read.
LEFT JOIN LATERAL (SELECT g.* FROM (
     SELECT array_agg(g.device ORDER BY g.device COLLATE "C") AS device,
            array_agg(g.delivered ORDER BY g.device COLLATE "C") AS delivered,
            array_agg(g.displayed ORDER BY g.device COLLATE "C") AS displayed
     FROM (SELECT j.jid || coalesce('/' || a.by_resource, '') AS device,
                  min(a.seen_at) FILTER (WHERE a.kind IN (0, 1, 5)) AS delivered,
                  min(a.seen_at) FILTER (WHERE a.kind IN (2, 3, 6)) AS displayed
           FROM ack AS a
           JOIN jid AS j ON j.id = a.by_jid
           WHERE a.conv = m.conv AND a.key = m.key
             AND a.n = m.n AND a.class = 0 AND a.kind IN (0, 1, 2, 3, 5, 6)
             AND a.seen_at >= m.sent_at - interval '1 day'
           GROUP BY 1) AS g) AS g
     WHERE $17 AND m.marks & 32 <> 0 OFFSET 0) AS d ON true
-- include message_readers
