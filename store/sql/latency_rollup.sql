-- SPDX-License-Identifier: Apache-2.0
-- Histograms of the pieces of delivery_rollup.sql, by wanted bucket, one row for each and each sign: metric, bins
-- and counts of all of them one behind the other, as the server sends these types. A month by the hour is 25,000
-- histograms, and each row of an answer costs more than what it holds. The caller adds them up.
--   $1 int4           realm
--   $2 int4[]         pieces: number of the wanted bucket
--   $3 int2[]         rollup.grain
--   $4 timestamptz[]  from, $5 timestamptz[] to, exclusive
--   $6 int4[]         1 or -1
--   $7 text           domain of the sender, $8 text of the recipient; null = any
--   $9 int2           grain for rows: 1, by domains 3
--   $10 ... $13       a piece of rows: bucket, sign, from, to
--   $14 ... $17       another one
--   $18 int2[]        rollup_latency.metric
SELECT g.i, g.sign, g.histograms
FROM (SELECT h.i, h.sign,
             string_agg(int2send(h.metric) || array_send(h.bins) || array_send(h.counts), '') AS histograms
      FROM (
SELECT p.i, p.sign, l.metric, l.bins, l.counts
FROM unnest($2::int4[], $3::int2[], $4::timestamptz[], $5::timestamptz[], $6::int4[])
     AS p (i, grain, lo, hi, sign)
CROSS JOIN LATERAL (
     SELECT l.metric, l.bins, l.counts
     FROM rollup_latency AS l
     WHERE l.realm = $1 AND l.grain = p.grain AND l.bucket >= p.lo AND l.bucket < p.hi
       AND l.metric = ANY ($18::int2[]) AND ($7::text IS NULL OR l.from_domain = $7)
       AND ($8::text IS NULL OR l.to_domain = $8)
     OFFSET 0) AS l -- by the index, piece by piece
UNION ALL
SELECT $10::int4, $11::int4, c.metric, array_agg(c.bin), array_agg(c.n)
FROM latency_of_rows($1, $12::timestamptz, $13::timestamptz, ARRAY[$9::int2]) AS c
WHERE c.metric = ANY ($18) AND ($7 IS NULL OR c.from_domain = $7) AND ($8 IS NULL OR c.to_domain = $8)
GROUP BY c.metric
UNION ALL
SELECT $14::int4, $15::int4, c.metric, array_agg(c.bin), array_agg(c.n)
FROM latency_of_rows($1, $16::timestamptz, $17::timestamptz, ARRAY[$9::int2]) AS c
WHERE c.metric = ANY ($18) AND ($7 IS NULL OR c.from_domain = $7) AND ($8 IS NULL OR c.to_domain = $8)
GROUP BY c.metric
           ) AS h (i, sign, metric, bins, counts)
      GROUP BY h.i, h.sign
      OFFSET 0) AS g
ORDER BY g.i;
