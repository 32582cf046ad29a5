-- SPDX-License-Identifier: Apache-2.0
-- The histograms of latency_rollup.sql, of rows of message: what is no whole quarter of an hour, or no whole day of domains.
--   $1 int4         realm
--   $2 int2         the grain that they would have
--   $3 timestamptz  from, $4 timestamptz to, exclusive
--   $5 text         domain of the sender, $6 text of the recipient; null = any
--   $7 int2[]       rollup_latency.metric
SELECT string_agg(int2send(h.metric) || array_send(h.bins) || array_send(h.counts), '')
FROM (
     SELECT c.metric, array_agg(c.bin) AS bins, array_agg(c.n) AS counts
     FROM latency_of_rows($1, $3::timestamptz, $4::timestamptz, ARRAY[$2::int2]) AS c
     WHERE c.metric = ANY ($7::int2[]) AND ($5::text IS NULL OR c.from_domain = $5)
       AND ($6::text IS NULL OR c.to_domain = $6)
     GROUP BY c.metric) AS h
HAVING count(*) > 0;
