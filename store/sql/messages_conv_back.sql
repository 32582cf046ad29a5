-- SPDX-License-Identifier: Apache-2.0
-- A page of the messages of few conversations, newest first: each is read by the index, and the plan
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
                FROM message AS a
                WHERE a.conv = c.conv AND a.sent_at >= $26::timestamptz AND a.sent_at < $27::timestamptz
                  AND in_days(a.sent_at, $28::timestamptz[])
                ORDER BY a.sent_at DESC, a.key DESC, a.n DESC
                OFFSET 0) AS m
          WHERE m.class < 8 AND ($1 = 0 OR m.realm = $1)
-- include message_filter
            AND ($21::timestamptz IS NULL
                 OR (m.sent_at, m.conv, m.key, m.n) < ($21, $22::int8, $23::int8, $24::int4))
          LIMIT $25::int8) AS x
     WHERE $17::boolean IS NOT NULL AND (cardinality($4) = 1 OR EXISTS (SELECT FROM party AS p WHERE p.conv = c.conv))
     ORDER BY x.sent_at DESC, x.conv DESC, x.key DESC, x.n DESC
     LIMIT $25::int8)
SELECT
-- include shown_columns
       (SELECT f.jid FROM jid AS f WHERE f.id = m.from_jid),
       (SELECT t.jid FROM jid AS t WHERE t.id = m.to_jid), CASE WHEN $16 THEN m.body END
FROM page AS m
ORDER BY m.sent_at DESC, m.conv DESC, m.key DESC, m.n DESC;
