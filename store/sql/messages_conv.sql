-- SPDX-License-Identifier: Apache-2.0
-- A page of the messages of few conversations, oldest first: each is read by the index, and the plan
-- is kept (plan_kept). Columns and parameters as of messages_page; $4 is never null.
--   $26 timestamptz from, $27 timestamptz to, exclusive: the same as $2, $3 and the row to go on after, but
--                   never null, so that only their days are looked at
WITH page AS MATERIALIZED (
     SELECT x.*
     FROM unnest($4::int8[]) AS c (conv)
     CROSS JOIN LATERAL (
          SELECT m.*
          FROM message AS m
          WHERE m.conv = c.conv AND m.sent_at >= $26::timestamptz AND m.sent_at < $27::timestamptz
            AND m.class < 8 AND ($1 = 0 OR m.realm = $1)
-- include message_filter
            AND ($21::timestamptz IS NULL
                 OR (m.sent_at, m.conv, m.key, m.n) > ($21, $22::int8, $23::int8, $24::int4))
          ORDER BY m.sent_at, m.key, m.n
          LIMIT $25::int8) AS x
     ORDER BY x.sent_at, x.conv, x.key, x.n
     LIMIT $25::int8)
-- include page_rows_kept
ORDER BY m.sent_at, m.conv, m.key, m.n;
