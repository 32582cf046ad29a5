-- SPDX-License-Identifier: Apache-2.0
-- Histograms of roll-ups, a row for each piece of which there are any, in the order of the pieces: metric, bins and
-- counts of all of them one behind the other, as the server sends these types. A month by the hour is 11,000
-- histograms, and each row of an answer costs more than what it holds. The caller adds them up.
--   $1 int4           realm
--   $2 int2[]         pieces: rollup.grain
--   $3 timestamptz[]  from, $4 timestamptz[] to, exclusive
--   $5 text           domain of the sender, $6 text of the recipient; null = any
--   $7 int2[]         rollup_latency.metric
SELECT p.n, h.histograms
FROM unnest($2::int2[], $3::timestamptz[], $4::timestamptz[])
     WITH ORDINALITY AS p (grain, lo, hi, n)
CROSS JOIN LATERAL (
     SELECT string_agg(int2send(l.metric) || array_send(l.bins) || array_send(l.counts), '')
     FROM rollup_latency AS l
     WHERE l.realm = $1 AND l.grain = p.grain AND l.bucket >= p.lo AND l.bucket < p.hi
       AND l.metric = ANY ($7::int2[]) AND ($5::text IS NULL OR l.from_domain = $5)
       AND ($6::text IS NULL OR l.to_domain = $6)
     HAVING count(*) > 0) AS h (histograms);
