-- SPDX-License-Identifier: Apache-2.0
-- Stored rows of a conversation within a span of time (P8). Columns as load_keys.
--   $1 int8[]         conversation
--   $2 timestamptz[]  from
--   $3 timestamptz[]  to, inclusive
--   $4 bool[]         only rows that hold a marker
--   $5 timestamptz[]  not: those sent before $6 with no marker after it; of the others those displayed
--                     by then already; null: all
--   $6 timestamptz[]
--   $7 timestamptz[]  days (put_in_days)
SELECT r FROM (
SELECT
-- include message_columns
       m.tie, f.jid, t.jid
FROM unnest($1::int8[], $2::timestamptz[], $3::timestamptz[], $4::bool[], $5::timestamptz[],
            $6::timestamptz[]) AS w (conv, lo, hi, markers_only, since, whole_from)
JOIN message AS m
  ON m.conv = w.conv AND m.sent_at BETWEEN w.lo AND w.hi AND in_days(m.sent_at, $7::timestamptz[])
 AND CASE WHEN w.markers_only
          THEN m.marks & 64 <> 0
               AND (w.since IS NULL OR m.sent_at >= w.whole_from OR m.marks & 32 <> 0
                    OR m.marker_last >= w.since)
          ELSE w.since IS NULL OR least(m.upto_displayed_at, m.displayed_at) IS NULL
               OR least(m.upto_displayed_at, m.displayed_at) > w.since
          END
LEFT JOIN jid AS f ON f.id = m.from_jid
LEFT JOIN jid AS t ON t.id = m.to_jid
) AS r;
