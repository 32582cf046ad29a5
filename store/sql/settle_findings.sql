-- SPDX-License-Identifier: Apache-2.0
-- Stored findings of the order of conversations: repeated states from a time on.
--   $1 int8[]         conversation
--   $2 timestamptz[]  from
SELECT w.place::int8, f.key, f.element, f.rule, f.by, f.first_at
FROM unnest($1::int8[], $2::timestamptz[]) WITH ORDINALITY AS w (conv, lo, place)
JOIN finding AS f
  ON f.conv = w.conv
 AND (f.rule = 'CS-UNNEGOTIATED' OR (f.rule = 'CS-REPEAT' AND f.first_at >= w.lo));
