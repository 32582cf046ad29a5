-- SPDX-License-Identifier: Apache-2.0
-- UTC days that have roll-ups or rows, how many rows they have, and whether these were given up.
--   $1 int4         realm
--   $2 timestamptz  since, null = open
--   $3 timestamptz  until, exclusive, null = open
WITH d AS (
     SELECT date_trunc('day', r.bucket AT TIME ZONE 'UTC') AS day, 0::int8 AS rows
     FROM rollup AS r
     WHERE r.realm = $1 AND ($2::timestamptz IS NULL OR r.bucket >= $2)
       AND ($3::timestamptz IS NULL OR r.bucket < $3)
     UNION ALL
     SELECT date_trunc('day', l.bucket AT TIME ZONE 'UTC'), 0
     FROM rollup_latency AS l
     WHERE l.realm = $1 AND ($2::timestamptz IS NULL OR l.bucket >= $2)
       AND ($3::timestamptz IS NULL OR l.bucket < $3)
     UNION ALL
     SELECT u.day::timestamp, 0
     FROM rollup_user AS u
     WHERE u.realm = $1
       AND ($2::timestamptz IS NULL OR u.day >= ($2::timestamptz AT TIME ZONE 'UTC')::date)
       AND ($3::timestamptz IS NULL OR u.day < ($3::timestamptz AT TIME ZONE 'UTC')::date)
     UNION ALL
     SELECT date_trunc('day', m.sent_at AT TIME ZONE 'UTC'), count(*)
     FROM message AS m
     WHERE m.realm = $1 AND ($2::timestamptz IS NULL OR m.sent_at >= $2)
       AND ($3::timestamptz IS NULL OR m.sent_at < $3)
     GROUP BY 1)
SELECT d.day AT TIME ZONE 'UTC', sum(d.rows)::int8,
       d.day::date IN (SELECT g.day FROM dropped_days() AS g (day))
FROM d
GROUP BY d.day
ORDER BY d.day;
