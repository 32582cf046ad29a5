-- SPDX-License-Identifier: Apache-2.0
-- A page of messages that asked for a receipt and have neither that nor an error (F2), oldest first, by
-- the partial index message_open: what was answered costs nothing. The plan is kept (plan_kept): making one
-- for all days took a hundred times longer than the page. Columns as messages_page.
--   $1 int4         realm
--   $2 timestamptz  sent since, $3 timestamptz until, exclusive; never null, so that other days are passed over
--   $4 int8         a party, null = any
--   $5 text         domain of a party, null = any
--   $6 timestamptz  sent_at of the row to go on after, null = none
--   $7 int8         its conversation, $8 int8 its key, $9 int4 its n
--   $10 int8        rows at most
WITH page AS MATERIALIZED (
     SELECT m.*
     FROM message AS m
     WHERE m.state < 4 AND (m.flags & 1048581) <> 0 AND m.id IS NOT NULL AND m.class <= 2
       AND m.realm = $1
       AND m.sent_at >= $2::timestamptz AND m.sent_at < $3::timestamptz
       AND ($4::int8 IS NULL OR m.from_jid = $4 OR m.to_jid = $4)
       AND ($5::text IS NULL OR jid_domain(m.from_jid) = $5 OR jid_domain(m.to_jid) = $5)
       AND ($6::timestamptz IS NULL
            OR (m.sent_at, m.conv, m.key, m.n) > ($6, $7::int8, $8::int8, $9::int4))
     ORDER BY m.sent_at, m.conv, m.key, m.n
     LIMIT $10::int8)
SELECT
-- include message_columns
       NULL::bytea, f.jid, t.jid, NULL::text, m.n, NULL::text[], NULL::timestamptz[],
       NULL::timestamptz[], NULL::text[], NULL::timestamptz[], NULL::timestamptz[]
FROM page AS m
LEFT JOIN jid AS f ON f.id = m.from_jid
LEFT JOIN jid AS t ON t.id = m.to_jid
ORDER BY m.sent_at, m.conv, m.key, m.n;
