-- SPDX-License-Identifier: Apache-2.0
-- UTC days that may hold anything: how many rows they have, whether these were given up, and whether
-- there are rows or roll-ups. Not every day between the first and the last: there may be thousands of
-- years between them (F126). Days without partitions are in those for the rest.
--   $1 int4         realm
--   $2 timestamptz  since, null = open
--   $3 timestamptz  until, exclusive, null = open
WITH d AS (
     SELECT date_trunc('day', r.bucket AT TIME ZONE 'UTC') AS day, 0::int8 AS rows, true AS counted
     FROM rollup AS r
     WHERE r.realm = $1 AND ($2::timestamptz IS NULL OR r.bucket >= $2)
       AND ($3::timestamptz IS NULL OR r.bucket < $3)
     UNION ALL
     SELECT date_trunc('day', l.bucket AT TIME ZONE 'UTC'), 0, true
     FROM rollup_latency AS l
     WHERE l.realm = $1 AND ($2::timestamptz IS NULL OR l.bucket >= $2)
       AND ($3::timestamptz IS NULL OR l.bucket < $3)
     UNION ALL
     SELECT u.day::timestamp, 0, true
     FROM rollup_user AS u
     WHERE u.realm = $1
       AND ($2::timestamptz IS NULL OR u.day >= ($2::timestamptz AT TIME ZONE 'UTC')::date)
       AND ($3::timestamptz IS NULL OR u.day < ($3::timestamptz AT TIME ZONE 'UTC')::date)
     UNION ALL
     SELECT v.day::timestamp, 0, true
     FROM rollup_device AS v
     WHERE v.realm = $1
       AND ($2::timestamptz IS NULL OR v.day >= ($2::timestamptz AT TIME ZONE 'UTC')::date)
       AND ($3::timestamptz IS NULL OR v.day < ($3::timestamptz AT TIME ZONE 'UTC')::date)
     UNION ALL
     SELECT f.day::timestamp, 0, true
     FROM rollup_failure AS f
     WHERE f.realm = $1
       AND ($2::timestamptz IS NULL OR f.day >= ($2::timestamptz AT TIME ZONE 'UTC')::date)
       AND ($3::timestamptz IS NULL OR f.day < ($3::timestamptz AT TIME ZONE 'UTC')::date)
     UNION ALL
     SELECT date_trunc('day', m.sent_at AT TIME ZONE 'UTC'), count(*), true
     FROM message AS m
     WHERE m.realm = $1 AND ($2::timestamptz IS NULL OR m.sent_at >= $2)
       AND ($3::timestamptz IS NULL OR m.sent_at < $3)
     GROUP BY 1
     UNION ALL
     SELECT p.day::timestamp, 0, false
     FROM (SELECT to_date(right(c.relname, 8), 'YYYYMMDD') AS day
           FROM pg_inherits AS i
           JOIN pg_class AS c ON c.oid = i.inhrelid
           WHERE i.inhparent = to_regclass('receiptd.chat_state')
             AND c.relname ~ '_[0-9]{8}$') AS p
     WHERE ($2::timestamptz IS NULL OR p.day >= ($2::timestamptz AT TIME ZONE 'UTC')::date)
       AND ($3::timestamptz IS NULL OR p.day < ($3::timestamptz AT TIME ZONE 'UTC')::date)
     UNION ALL
     SELECT date_trunc('day', a.seen_at AT TIME ZONE 'UTC'), 0, false
     FROM ack_other AS a
     WHERE a.realm = $1 AND ($2::timestamptz IS NULL OR a.seen_at >= $2)
       AND ($3::timestamptz IS NULL OR a.seen_at < $3)
     UNION ALL
     SELECT date_trunc('day', s.at AT TIME ZONE 'UTC'), 0, false
     FROM chat_state_other AS s
     WHERE s.realm = $1 AND ($2::timestamptz IS NULL OR s.at >= $2)
       AND ($3::timestamptz IS NULL OR s.at < $3))
SELECT d.day AT TIME ZONE 'UTC', sum(d.rows)::int8,
       d.day::date IN (SELECT g.day FROM dropped_days() AS g (day)), bool_or(d.counted)
FROM d
GROUP BY d.day
ORDER BY d.day;
