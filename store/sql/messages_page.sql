-- SPDX-License-Identifier: Apache-2.0
-- A page of messages, oldest first. Planned with the values known, so that an absent filter costs
-- nothing and a conversation is read by its index. Columns as in store/message_row.c, then JIDs,
-- body, shown n, devices, readers. Rows without an id are numbered as in messages_all (M4).
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
--   $21 timestamptz sent_at of the row to go on after, null = none
--   $22 int8        its conversation, $23 int8 its key, $24 int4 its n
--   $25 int8        rows at most, null = all
--   $26 ... $36     as part/message_narrow says
WITH page AS MATERIALIZED (
     SELECT m.*
     FROM message AS m
     WHERE m.class < 8 AND ($1 = 0 OR m.realm = $1)
-- include message_filter
-- include message_narrow
       AND ($21::timestamptz IS NULL
            OR (m.sent_at >= $21
                AND (m.sent_at, m.conv, m.key, m.n) > ($21, $22::int8, $23::int8, $24::int4)))
     ORDER BY m.sent_at, m.conv, m.key, m.n
     LIMIT $25::int8)
-- include page_rows
ORDER BY m.sent_at, m.conv, m.key, m.n;
