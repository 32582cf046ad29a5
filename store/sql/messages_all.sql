-- SPDX-License-Identifier: Apache-2.0
-- All messages that pass, in the order of the export. Rows without an id are numbered here over
-- all their days (M4): a batch sees only some of them. Columns as messages_page.
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
SELECT r FROM (
SELECT
-- include message_columns
       NULL::bytea, f.jid, t.jid, CASE WHEN $16 THEN m.body END, coalesce(r.shown, m.n)::int4 AS shown,
       d.device, d.delivered, d.displayed, p.who, p.displayed, p.received
FROM message AS m
LEFT JOIN jid AS f ON f.id = m.from_jid
LEFT JOIN jid AS t ON t.id = m.to_jid
LEFT JOIN (SELECT x.conv, x.sent_at, x.key, x.n,
                  row_number() OVER (PARTITION BY x.conv, x.key ORDER BY x.sent_at, x.n) AS shown
           FROM message AS x
           WHERE x.id IS NULL AND x.class < 8 AND ($1 = 0 OR x.realm = $1)) AS r
  ON m.id IS NULL AND r.conv = m.conv AND r.sent_at = m.sent_at AND r.key = m.key AND r.n = m.n
-- include message_details
WHERE m.class < 8 AND ($1 = 0 OR m.realm = $1)
-- include message_filter
ORDER BY m.sent_at, f.jid COLLATE "C", t.jid COLLATE "C", m.id COLLATE "C" NULLS FIRST, shown,
         m.key
) AS r;
