-- SPDX-License-Identifier: Apache-2.0
-- The rows of "page" as they are shown: columns of the message, JIDs, body, number (M4), d and p.
, r AS MATERIALIZED (
     SELECT g.conv, g.sent_at, g.key, g.n, g.number
     FROM (SELECT array_agg(k.conv) AS convs, array_agg(k.key) AS keys, max(k.upto) AS upto
           FROM (SELECT p.conv, p.key, max(p.sent_at) AS upto
                 FROM page AS p
                 WHERE p.id IS NULL
                 GROUP BY 1, 2) AS k) AS a
     CROSS JOIN LATERAL message_numbers(a.convs, a.keys, a.upto) AS g)
SELECT
-- include message_columns
       NULL::bytea, (SELECT f.jid FROM jid AS f WHERE f.id = m.from_jid),
       (SELECT t.jid FROM jid AS t WHERE t.id = m.to_jid), CASE WHEN $16 THEN m.body END,
       coalesce(r.number, m.n),
       d.device, d.delivered, d.displayed, p.who, p.displayed, p.received
FROM page AS m
LEFT JOIN r ON m.id IS NULL AND r.conv = m.conv AND r.sent_at = m.sent_at AND r.key = m.key AND r.n = m.n
