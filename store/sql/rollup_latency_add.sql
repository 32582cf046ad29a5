-- SPDX-License-Identifier: Apache-2.0
-- Adds to histograms; rows in the order of their keys.
--   $1 int4           realm
--   $2 int2           lane
--   $3 int2[]         grain
--   $4 timestamptz[]  bucket
--   $5 text[]         from_domain
--   $6 text[]         to_domain
--   $7 int2[]         metric
--   $8 int4[]         where its bins begin in $10 and $11, from 1
--   $9 int4[]         where they end
--   $10 int2[]        bins, ascending within a histogram
--   $11 int8[]        counts, may be negative
INSERT INTO rollup_latency AS l
       (realm, lane, grain, bucket, from_domain, to_domain, metric, bins, counts)
SELECT $1, $2, u.grain, u.bucket, u.from_domain, u.to_domain, u.metric,
       ($10::int2[])[u.lo : u.hi], ($11::int8[])[u.lo : u.hi]
FROM unnest($3::int2[], $4::timestamptz[], $5::text[], $6::text[], $7::int2[], $8::int4[],
            $9::int4[]) AS u (grain, bucket, from_domain, to_domain, metric, lo, hi)
ON CONFLICT (realm, grain, bucket, from_domain, to_domain, metric, lane) DO UPDATE
SET (bins, counts) = (
    SELECT coalesce(array_agg(a.bin ORDER BY a.bin), '{}'),
           coalesce(array_agg(a.n ORDER BY a.bin), '{}')
    FROM (SELECT b.bin, sum(b.n)::int8 AS n
          FROM unnest(l.bins || excluded.bins, l.counts || excluded.counts) AS b (bin, n)
          GROUP BY b.bin
          HAVING sum(b.n) <> 0) AS a);
