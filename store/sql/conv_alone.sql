-- SPDX-License-Identifier: Apache-2.0
-- A page of one conversation that is asked for by nothing but who takes part and when, oldest first. As conv_page, of
-- which it is the common case: without the list of conversations, and with the days as values of their own, it is made
-- ready in half the time. An element of an array is, for each day, as much work as ten values.
--   $1 int4           realm; 0 = all
--   $2 int8           conversation
--   $3 int8           a party, $4 int8 the other one; null = any
--   $5 timestamptz    from, $6 timestamptz to, exclusive; never null
--   $7 timestamptz    sent_at of the row to go on after, null = none
--   $8 int8           its conversation, $9 int8 its key, $10 int4 its n
--   $11 int8          rows at most
--   $12 bool          with body
--   $13 to $24        timestamptz: spans that hold all of them, begin and end, inclusive; null = no more
-- include conv_names
FROM (SELECT m.*
      FROM (SELECT
-- include conv_columns
            FROM message AS a
            WHERE a.conv = $2::int8 AND a.sent_at >= $5::timestamptz AND a.sent_at < $6::timestamptz
-- include sent_days
            ORDER BY a.sent_at, a.key, a.n
            OFFSET 0) AS m
      WHERE
-- include conv_whose
        AND ($7::timestamptz IS NULL
             OR (m.sent_at, m.conv, m.key, m.n) > ($7, $8::int8, $9::int8, $10::int4))
      LIMIT $11::int8) AS m
-- include conv_asked
ORDER BY m.sent_at, m.key, m.n;
