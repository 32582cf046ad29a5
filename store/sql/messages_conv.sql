-- SPDX-License-Identifier: Apache-2.0
-- A page of the messages of few conversations, oldest first: each is read by the index, and the plan
-- is kept (plan_kept). Parameters as of messages_page; $4 is never null. Only columns that are shown: each of them
-- is made ready for each day.
--   $26 timestamptz from, $27 timestamptz to, exclusive: the same as $2, $3 and the row to go on after, but
--                   never null, so that only their days are looked at
--   $28 timestamptz[] spans that hold all of them, as in_days says
-- The filter stands outside (OFFSET 0 keeps it there): inside, it would be made ready for each day, which takes
-- longer than reading the page. The days come in order, and reading ends with the page. Of several conversations
-- (a pair, and either of it as a room) those that nobody has are not looked for day by day. What only some rows have
-- (devices, readers, numbers) is asked for afterwards (store/read_page.c): made ready for each page it would take
-- longer than the rows.
WITH page AS MATERIALIZED (
     SELECT x.*
     FROM unnest($4::int8[]) AS c (conv)
     CROSS JOIN LATERAL (
          SELECT m.*
          FROM (SELECT
-- include conv_columns
-- include conv_rows
SELECT
-- include shown_columns
       (SELECT f.jid FROM jid AS f WHERE f.id = m.from_jid),
       (SELECT t.jid FROM jid AS t WHERE t.id = m.to_jid), CASE WHEN $16 THEN m.body END
FROM page AS m
ORDER BY m.sent_at, m.conv, m.key, m.n;
