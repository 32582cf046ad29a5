-- SPDX-License-Identifier: Apache-2.0
-- What messages_all gives when nothing but realm and time are asked for, in its order, for as many rows as there
-- are: sent as a COPY with the values in the text (read_export.c), with the columns of the message that are shown,
-- and with the devices of all rows put together at once. Parameters as messages_all.
-- The joins stand in a query of their own (OFFSET 0 keeps it there), which plan_whole keeps from looking into one
-- list for each row of another; the readers of a room are asked for row by row all the same.
SELECT
-- include shown_columns
       m.from_name, m.to_name, CASE WHEN $16 THEN m.body END, m.shown,
       m.devices, m.device_got, m.device_read, p.who, p.displayed, p.received
FROM (SELECT m.*, f.jid AS from_name, t.jid AS to_name, coalesce(r.shown, m.n)::int4 AS shown,
             d.device AS devices, d.delivered AS device_got, d.displayed AS device_read
      FROM message AS m
      LEFT JOIN jid AS f ON f.id = m.from_jid
      LEFT JOIN jid AS t ON t.id = m.to_jid
      LEFT JOIN (SELECT x.conv, x.sent_at, x.key, x.n,
                        row_number() OVER (PARTITION BY x.conv, x.key ORDER BY x.sent_at, x.n) AS shown
                 FROM message AS x
                 WHERE x.id IS NULL AND x.class < 8 AND ($1 = 0 OR x.realm = $1)
                   AND ($3::timestamptz IS NULL OR x.sent_at < $3)) AS r
        ON m.id IS NULL AND r.conv = m.conv AND r.sent_at = m.sent_at AND r.key = m.key AND r.n = m.n
      LEFT JOIN (SELECT g.conv, g.sent_at, g.key, g.n,
                        array_agg(g.device ORDER BY g.device COLLATE "C") AS device,
                        array_agg(g.delivered ORDER BY g.device COLLATE "C") AS delivered,
                        array_agg(g.displayed ORDER BY g.device COLLATE "C") AS displayed
                 FROM (SELECT x.conv, x.sent_at, x.key, x.n, j.jid || coalesce('/' || a.by_resource, '') AS device,
                              min(a.seen_at) FILTER (WHERE a.kind IN (0, 1, 5)) AS delivered,
                              min(a.seen_at) FILTER (WHERE a.kind IN (2, 3, 6)) AS displayed
                       FROM message AS x
                       JOIN ack AS a ON a.conv = x.conv AND a.key = x.key AND a.n = x.n
                                    AND a.seen_at >= x.sent_at - interval '1 day'
                       JOIN jid AS j ON j.id = a.by_jid
                       WHERE $17 AND x.marks & 32 <> 0 AND x.class < 8 AND x.class <> 5 AND ($1 = 0 OR x.realm = $1)
                         AND ($2::timestamptz IS NULL OR x.sent_at >= $2) AND ($3::timestamptz IS NULL OR x.sent_at < $3)
                         AND ($2::timestamptz IS NULL OR a.seen_at >= $2::timestamptz - interval '1 day')
                         AND a.class = 0 AND a.kind IN (0, 1, 2, 3, 5, 6)
                       GROUP BY 1, 2, 3, 4, 5) AS g
                 GROUP BY 1, 2, 3, 4) AS d
        ON d.conv = m.conv AND d.sent_at = m.sent_at AND d.key = m.key AND d.n = m.n
      WHERE m.class < 8 AND ($1 = 0 OR m.realm = $1)
-- include message_filter
      OFFSET 0) AS m
-- include message_readers
ORDER BY m.sent_at, m.from_name COLLATE "C", m.to_name COLLATE "C", m.id COLLATE "C" NULLS FIRST, m.shown, m.key;
