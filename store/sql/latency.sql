-- SPDX-License-Identifier: Apache-2.0
-- Latencies by bucket of sent_at (PAIRING F6, F7), each message looked at: bucket, enum
-- metric_series, n, nearest-rank p50, p90, p95, p99 and the greatest. What takes for ever is INT64_MAX. Of series 2
-- also 9 (SERIES_COUNT) + band, and how many are in it.
--   $1 int4           realm; 0 = all
--   $2 timestamptz[]  start of every bucket, ascending
--   $3 timestamptz    since, $4 timestamptz until, exclusive
--   $5 text           domain of the sender, $6 text of the recipient; null = any
--   $7 int4[]         those that are wanted
WITH v AS (
     SELECT width_bucket(f.sent_at, $2::timestamptz[]) AS bucket, v.series, v.ms
     FROM rollup_facts($1, $3::timestamptz, $4::timestamptz) AS f
     CROSS JOIN LATERAL (VALUES
          (0, f.requested AND f.direct AND NOT f.stored, f.deliver_ms),
          (1, f.requested AND f.direct AND f.stored, f.deliver_ms),
          (2, f.requested,
           CASE WHEN f.direct AND f.deliver_ms IS NOT NULL THEN f.deliver_ms
                WHEN f.confirmed THEN f.confirm_ms ELSE 9223372036854775807 END),
          (3, f.read_requested AND f.displayed, f.read_ms),
          (4, f.read_requested AND f.displayed AND NOT f.upto, f.read_ms),
          (5, f.read_requested AND f.displayed AND f.upto, f.read_ms),
          (6, f.read_requested, coalesce(f.read_ms, 9223372036854775807)),
          (7, f.response_ms >= 0, f.response_ms)) AS v (series, there, ms)
     WHERE f.counted AND v.there AND v.ms IS NOT NULL AND v.series = ANY ($7::int4[])
       AND ($5::text IS NULL OR f.from_domain = $5) AND ($6::text IS NULL OR f.to_domain = $6)),
r AS (
     SELECT v.bucket, v.series, v.ms,
            row_number() OVER (PARTITION BY v.bucket, v.series ORDER BY v.ms) AS place,
            count(*) OVER (PARTITION BY v.bucket, v.series) AS n
     FROM v)
SELECT r.bucket, r.series, r.n,
       ARRAY[min(r.ms) FILTER (WHERE r.place * 100 >= r.n * 50),
             min(r.ms) FILTER (WHERE r.place * 100 >= r.n * 90),
             min(r.ms) FILTER (WHERE r.place * 100 >= r.n * 95),
             min(r.ms) FILTER (WHERE r.place * 100 >= r.n * 99), max(r.ms)]
FROM r
GROUP BY r.bucket, r.series, r.n
UNION ALL
SELECT v.bucket, 9 + least(24, greatest(0, latency_bin(v.ms) / 16 - 2)), count(*), NULL
FROM v
WHERE v.series = 2 AND v.ms < 9223372036854775807
GROUP BY 1, 2;
