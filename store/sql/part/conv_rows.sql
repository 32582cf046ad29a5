-- SPDX-License-Identifier: Apache-2.0
-- The rest of "page" of messages_conv: rows of the conversations, oldest first.
                FROM message AS a
                WHERE a.conv = c.conv AND a.sent_at >= $26::timestamptz AND a.sent_at < $27::timestamptz
                  AND in_days(a.sent_at, $28::timestamptz[])
                ORDER BY a.sent_at, a.key, a.n
                OFFSET 0) AS m
          WHERE m.class < 8 AND ($1 = 0 OR m.realm = $1)
-- include message_filter
            AND ($21::timestamptz IS NULL
                 OR (m.sent_at, m.conv, m.key, m.n) > ($21, $22::int8, $23::int8, $24::int4))
          LIMIT $25::int8) AS x
     WHERE $17::boolean IS NOT NULL AND (cardinality($4) = 1 OR EXISTS (SELECT FROM party AS p WHERE p.conv = c.conv))
     ORDER BY x.sent_at, x.conv, x.key, x.n
     LIMIT $25::int8)
