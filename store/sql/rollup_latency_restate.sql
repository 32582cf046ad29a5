-- SPDX-License-Identifier: Apache-2.0
-- The histograms of an interval anew from the rows.
--   $1 int4         realm
--   $2 timestamptz  since: a UTC day
--   $3 timestamptz  until, exclusive: a UTC day
INSERT INTO rollup_latency
       (realm, lane, grain, bucket, from_domain, to_domain, metric, bins, counts)
SELECT $1::int4, 0, c.grain, c.bucket, c.from_domain, c.to_domain, c.metric,
       array_agg(c.bin ORDER BY c.bin), array_agg(c.n ORDER BY c.bin)
FROM latency_of_rows($1, $2, $3, '{1,2,3}') AS c
WHERE (c.bucket AT TIME ZONE 'UTC')::date NOT IN (SELECT d.day FROM dropped_days() AS d (day))
GROUP BY c.grain, c.bucket, c.from_domain, c.to_domain, c.metric;
