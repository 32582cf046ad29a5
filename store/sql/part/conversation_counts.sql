-- SPDX-License-Identifier: Apache-2.0
-- Of each conversation of c (conv, last_at): its last message, and counts of the interval $2 to $3 by
-- one party ($4 or else who spoke last) and by all others.
SELECT c.conv, c.last_at, n.first_at, l.class = 5, f.jid, t.jid, l.from_jid = coalesce($4::int8, l.from_jid),
       n.sent, n.got, n.open, n.open_got
FROM c
CROSS JOIN LATERAL (
     SELECT m.class, m.from_jid, m.to_jid
     FROM message AS m
     WHERE m.conv = c.conv AND m.sent_at = c.last_at AND m.class < 8
     ORDER BY m.key, m.n
     LIMIT 1) AS l
CROSS JOIN LATERAL (
     SELECT min(m.sent_at) AS first_at,
            count(*) FILTER (WHERE m.from_jid = coalesce($4::int8, l.from_jid)) AS sent,
            count(*) FILTER (WHERE m.from_jid <> coalesce($4::int8, l.from_jid)) AS got,
            count(*) FILTER (WHERE m.from_jid = coalesce($4::int8, l.from_jid) AND m.state < 4
                               AND (m.flags & 1048581) <> 0 AND m.id IS NOT NULL
                               AND m.class <= 2) AS open,
            count(*) FILTER (WHERE m.from_jid <> coalesce($4::int8, l.from_jid) AND m.state < 4
                               AND (m.flags & 1048581) <> 0 AND m.id IS NOT NULL
                               AND m.class <= 2) AS open_got
     FROM message AS m
     WHERE m.conv = c.conv AND m.sent_at >= $2 AND m.sent_at < $3 AND m.class < 8) AS n
LEFT JOIN jid AS f ON f.id = l.from_jid
LEFT JOIN jid AS t ON t.id = l.to_jid
ORDER BY c.last_at DESC, c.conv DESC;
