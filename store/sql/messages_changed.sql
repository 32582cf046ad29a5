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
     LIMIT $25::int8)
-- include page_rows
ORDER BY m.sent_at, m.conv, m.key, m.n;
