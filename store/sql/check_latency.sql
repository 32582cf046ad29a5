-- SPDX-License-Identifier: Apache-2.0
-- Bins of histograms that are not what the rows come to, as check_rollup.sql.
--   $1 int4         realm
--   $2 timestamptz  since: a UTC day
--   $3 timestamptz  until, exclusive: a UTC day
--   $4 int8         at most so many
WITH s AS (
     SELECT l.grain, l.bucket, l.from_domain, l.to_domain, l.metric, b.bin, sum(b.n)::int8 AS n
     FROM rollup_latency AS l
     CROSS JOIN LATERAL unnest(l.bins, l.counts) AS b (bin, n)
     WHERE l.realm = $1 AND l.bucket >= $2::timestamptz AND l.bucket < $3::timestamptz
     GROUP BY l.grain, l.bucket, l.from_domain, l.to_domain, l.metric, b.bin),
c AS (
     SELECT c.grain, c.bucket, c.from_domain, c.to_domain, c.metric, c.bin, c.n
     FROM latency_of_rows($1, $2, $3, '{1,2,3}') AS c)
SELECT 'rollup_latency grain ' || coalesce(s.grain, c.grain)::text
       || CASE coalesce(s.grain, c.grain)
          WHEN 3 THEN ' from ' || coalesce(s.from_domain, c.from_domain)
                      || ' to ' || coalesce(s.to_domain, c.to_domain) ELSE '' END
       || ' metric ' || coalesce(s.metric, c.metric)::text AS what,
       coalesce(s.bucket, c.bucket) AS at, 'bin ' || coalesce(s.bin, c.bin)::text AS name,
       coalesce(s.n, 0)::text, coalesce(c.n, 0)::text
FROM s
FULL JOIN c ON c.grain = s.grain AND c.bucket = s.bucket AND c.from_domain = s.from_domain
          AND c.to_domain = s.to_domain AND c.metric = s.metric AND c.bin = s.bin
WHERE coalesce(s.n, 0) <> coalesce(c.n, 0)
ORDER BY coalesce(s.grain, c.grain), coalesce(s.bucket, c.bucket), what, coalesce(s.bin, c.bin)
LIMIT $4;
