-- SPDX-License-Identifier: Apache-2.0
-- What an answer stands on, as plain rows that honesty_read() adds up: it is asked for each answer, and joined and
-- summed here it takes twice as long to make ready.
--   $1 int4         realm; 0 = all
--   $2 timestamptz  since, null = open
--   $3 timestamptz  until, exclusive, null = open
-- Rows of: 0 what is followed: its reader, the last look at its end, flush allowance in microseconds. 1 what readers
-- read: newest record, is everything read up to the end? 2 gaps. 3 quarantined records. 4 the last commit.
SELECT 0 AS what, s.id AS reader, s.checked_at AS at, NULL::bool AS at_end, s.flush_allowance AS number
FROM source AS s
WHERE s.live AND ($1::int4 = 0 OR s.realm = $1)
UNION ALL
SELECT 1, g.reader, max(g.last_at), bool_and(g.finished OR g.low_water >= g.size), NULL
FROM generation AS g
WHERE $1 = 0 OR g.realm = $1
GROUP BY g.reader
UNION ALL
SELECT 2, NULL, NULL, NULL, count(*)
FROM gap AS p
WHERE ($1 = 0 OR p.realm = $1)
  AND ($3::timestamptz IS NULL OR p.from_at IS NULL OR p.from_at < $3)
  AND ($2::timestamptz IS NULL OR p.to_at IS NULL OR p.to_at >= $2)
UNION ALL -- what came too late for a dropped day is missing as well
SELECT 2, NULL, NULL, NULL, 1
FROM line_counter AS c
WHERE c.name = 'late_dropped' AND ($1 = 0 OR c.realm = $1)
  AND ($3::timestamptz IS NULL OR c.day < $3::timestamptz AT TIME ZONE 'UTC')
  AND ($2::timestamptz IS NULL OR c.day + 1 > $2::timestamptz AT TIME ZONE 'UTC')
UNION ALL
SELECT 3, NULL, NULL, NULL, count(*)
FROM quarantine AS q
WHERE $1 = 0 OR q.realm = $1
UNION ALL
SELECT 3, NULL, NULL, NULL, q.records
FROM quarantine_range AS q
WHERE $1 = 0 OR q.realm = $1
UNION ALL
(SELECT 4, NULL, NULL, NULL, b.commit FROM batch AS b ORDER BY b.commit DESC LIMIT 1);
