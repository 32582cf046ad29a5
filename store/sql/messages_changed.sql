-- SPDX-License-Identifier: Apache-2.0
-- Messages that some commits wrote last, as they are now. Columns as messages_page.
--   $1 int4         realm; 0 = all
--   $2 timestamptz  since, null = open
--   $3 timestamptz  until, exclusive, null = open
--   $4 int8[]       conversations, null = any
--   $5 int8         sender, $6 int8 recipient
--   $7 int8         a party, $8 int8 the other one
--   $9 text         id
--   $10 text        domain of a party
--   $11 int4        state, $12 int4 class, $13 int4 verdict
--   $14 timestamptz what was sent later is pending, else expired
--   $15 text        in the body, whatever the case
--   $16 bool        with body
--   $17 bool        with devices (rows with facts of their own)
--   $18 text        nick in a room
--   $19 int8        key
--   $20 text        id that is corrected
--   $21 int8        after this commit number, $22 int8 up to this one
--   $23 timestamptz[]  spans of batch.spans
--   $24 bool        only what asked for a receipt (F2)
--   $25 int8        rows at most
WITH page AS MATERIALIZED (
     SELECT m.*
     FROM message AS m
     WHERE m.class < 8 AND ($1 = 0 OR m.realm = $1)
-- include message_filter
       AND in_days(m.sent_at, $23::timestamptz[])
       AND m.commit > $21::int8 AND m.commit <= $22::int8
       AND (NOT $24::bool OR (m.class <= 2 AND m.id IS NOT NULL AND m.flags & 1048581 <> 0))
     ORDER BY m.sent_at, m.conv, m.key, m.n
     LIMIT $25::int8),
r AS MATERIALIZED (
     SELECT x.conv, x.sent_at, x.key, x.n,
            row_number() OVER (PARTITION BY x.conv, x.key ORDER BY x.sent_at, x.n) AS shown
     FROM (SELECT DISTINCT p.conv, p.key FROM page AS p WHERE p.id IS NULL) AS k
     JOIN message AS x ON x.conv = k.conv AND x.key = k.key
     WHERE x.class < 8 AND x.sent_at <= (SELECT max(p.sent_at) FROM page AS p WHERE p.id IS NULL))
SELECT
-- include message_columns
       NULL::bytea, f.jid, t.jid, CASE WHEN $16 THEN m.body END, coalesce(r.shown, m.n)::int4,
       d.device, d.delivered, d.displayed, p.who, p.displayed, p.received
FROM page AS m
LEFT JOIN r ON m.id IS NULL AND r.conv = m.conv AND r.sent_at = m.sent_at AND r.key = m.key AND r.n = m.n
LEFT JOIN jid AS f ON f.id = m.from_jid
LEFT JOIN jid AS t ON t.id = m.to_jid
-- include message_details
ORDER BY m.sent_at, m.conv, m.key, m.n;
