-- SPDX-License-Identifier: Apache-2.0
-- Bins of histograms that are not what the rows come to, as check_rollup.sql. Histograms are compared by
-- their number and two sums of hashes of their bins; bin by bin only where these differ.
--   $1 int4         realm
--   $2 timestamptz  since: a UTC day
--   $3 timestamptz  until, exclusive: a UTC day
--   $4 int8         at most so many
WITH k AS (
     SELECT f.quarter, f.day, f.from_domain, f.to_domain, f.metric, count(*) AS n,
            sum(hashint4(f.bin)) AS a, sum(hashint4(f.bin + 65536)) AS b
     FROM latency_facts($1, $2, $3) AS f
     GROUP BY 1, 2, 3, 4, 5),
made AS (
     SELECT g.grain, CASE g.grain WHEN 1 THEN k.quarter ELSE k.day END AS bucket,
            CASE g.grain WHEN 3 THEN k.from_domain ELSE '' END AS from_domain,
            CASE g.grain WHEN 3 THEN k.to_domain ELSE '' END AS to_domain, k.metric,
            sum(k.n) AS n, sum(k.a) AS a, sum(k.b) AS b
     FROM k
     CROSS JOIN (SELECT generate_series(1, 3)::int2 AS grain) AS g
     GROUP BY 1, 2, 3, 4, 5),
stored AS (
     SELECT l.grain, l.bucket, l.from_domain, l.to_domain, l.metric,
            sum(v.n) AS n, sum(v.a) AS a, sum(v.b) AS b
     FROM rollup_latency AS l
     CROSS JOIN LATERAL (
          SELECT sum(u.n) AS n, sum(u.n * hashint4(u.bin)) AS a,
                 sum(u.n * hashint4(u.bin + 65536)) AS b
          FROM unnest(l.bins, l.counts) AS u (bin, n)) AS v
     WHERE l.realm = $1 AND l.bucket >= $2::timestamptz AND l.bucket < $3::timestamptz
     GROUP BY 1, 2, 3, 4, 5
     HAVING sum(v.n) <> 0 OR sum(v.a) <> 0),
bad AS MATERIALIZED (
     SELECT grain, bucket, from_domain, to_domain, metric
     FROM (TABLE made UNION ALL TABLE stored) AS e
     GROUP BY grain, bucket, from_domain, to_domain, metric, n, a, b
     HAVING count(*) <> 2
     LIMIT 1000),
s AS (
     SELECT l.grain, l.bucket, l.from_domain, l.to_domain, l.metric, b.bin, sum(b.n)::int8 AS n
     FROM rollup_latency AS l
     CROSS JOIN LATERAL unnest(l.bins, l.counts) AS b (bin, n)
     WHERE l.realm = $1 AND l.bucket >= $2::timestamptz AND l.bucket < $3::timestamptz
       AND (l.grain, l.bucket, l.from_domain, l.to_domain, l.metric) IN (TABLE bad)
     GROUP BY l.grain, l.bucket, l.from_domain, l.to_domain, l.metric, b.bin),
c AS (
     SELECT c.grain, c.bucket, c.from_domain, c.to_domain, c.metric, c.bin, c.n
     FROM latency_of_rows($1, $2, $3, '{1,2,3}') AS c
     WHERE EXISTS (SELECT FROM bad)
       AND (c.grain, c.bucket, c.from_domain, c.to_domain, c.metric) IN (TABLE bad))
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
