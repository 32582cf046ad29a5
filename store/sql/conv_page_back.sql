-- SPDX-License-Identifier: Apache-2.0
-- A page of few conversations that is asked for by nothing but who takes part and when, newest first. As
-- messages_conv_back, without its other filters: to make them ready takes as long as to read the page.
--   $1 int4           realm; 0 = all
--   $2 int8[]         conversations
--   $3 int8           a party, $4 int8 the other one; null = any
--   $5 timestamptz    from, $6 timestamptz to, exclusive; never null
--   $7 timestamptz    sent_at of the row to go on after, null = none
--   $8 int8           its conversation, $9 int8 its key, $10 int4 its n
--   $11 int8          rows at most
--   $12 bool          with body
--   $13 timestamptz[] spans that hold all of them, as in_days says
-- include conv_names
FROM (SELECT x.*
      FROM unnest($2::int8[]) AS c (conv)
      CROSS JOIN LATERAL (
           SELECT m.*
           FROM (SELECT
-- include conv_columns
                 FROM message AS a
                 WHERE a.conv = c.conv AND a.sent_at >= $5::timestamptz AND a.sent_at < $6::timestamptz
                   AND in_days(a.sent_at, $13::timestamptz[])
                 ORDER BY a.sent_at DESC, a.key DESC, a.n DESC
                 OFFSET 0) AS m
           WHERE
-- include conv_whose
             AND ($7::timestamptz IS NULL
                  OR (m.sent_at, m.conv, m.key, m.n) < ($7, $8::int8, $9::int8, $10::int4))
           LIMIT $11::int8) AS x
      WHERE cardinality($2) = 1 OR EXISTS (SELECT FROM party AS p WHERE p.conv = c.conv)
      ORDER BY x.sent_at DESC, x.conv DESC, x.key DESC, x.n DESC
      LIMIT $11) AS m
-- include conv_asked
ORDER BY m.sent_at DESC, m.conv DESC, m.key DESC, m.n DESC;
