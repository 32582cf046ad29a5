-- SPDX-License-Identifier: Apache-2.0
-- Of stored rows that markers may mark (P8) what tells whether they do, and what the rows count as.
--   $1 int8[]         conversation
--   $2 timestamptz[]  from
--   $3 timestamptz[]  to, inclusive
--   $4 bool[]         false
--   $5 timestamptz[]  not those displayed by then already; null: all
--   $6 timestamptz[]  not used
--   $7 timestamptz[]  days (put_in_days)
SELECT r FROM (
SELECT
-- include counted_columns
FROM unnest($1::int8[], $2::timestamptz[], $3::timestamptz[], $4::bool[], $5::timestamptz[],
            $6::timestamptz[]) AS w (conv, lo, hi, markers_only, since, whole_from)
JOIN message AS m
  ON m.conv = w.conv AND m.sent_at BETWEEN w.lo AND w.hi AND in_days(m.sent_at, $7::timestamptz[])
 AND (w.since IS NULL OR least(m.upto_displayed_at, m.displayed_at) IS NULL
      OR least(m.upto_displayed_at, m.displayed_at) > w.since)
LEFT JOIN jid AS f ON f.id = m.from_jid
LEFT JOIN jid AS t ON t.id = m.to_jid
) AS r;
