-- SPDX-License-Identifier: Apache-2.0
-- Domains to which messages were sent that asked for a receipt (F2), worst first: by the greatest rate
-- that the figures still allow with 95 % certainty (Wilson's upper bound), so that one unlucky message does
-- not stand above a thousand. Whole UTC days of roll-ups.
--   $1 int4         realm
--   $2 timestamptz  first day, $3 timestamptz day after the last
--   $4 text[]       domains of our own; empty: where the sender has the same domain is home
--   $5 int4         so many
WITH d AS (
     SELECT r.to_domain, sum(r.sent)::int8 AS sent, sum(r.requested)::int8 AS requested,
            sum(r.confirmed)::int8 AS confirmed, sum(r.requested_failed)::int8 AS failed
     FROM rollup AS r
     WHERE r.realm = $1 AND r.grain = 3 AND r.bucket >= $2::timestamptz AND r.bucket < $3::timestamptz
       AND r.to_domain <> ALL ($4::text[])
       AND (cardinality($4) > 0 OR r.from_domain <> r.to_domain)
     GROUP BY r.to_domain
     HAVING sum(r.requested) > 0),
w AS (
     SELECT d.to_domain, d.sent, d.requested, d.confirmed, d.failed,
            (d.confirmed + 1.92 + 1.96 * sqrt(greatest(d.confirmed::float8 * (d.requested - d.confirmed)
                                                       / d.requested, 0) + 0.96))
            / (d.requested + 3.84) AS best
     FROM d
     ORDER BY best, d.requested DESC, d.to_domain COLLATE "C"
     LIMIT $5::int4),
h AS (
     SELECT w.to_domain, b.bin, sum(b.n) AS n
     FROM w
     JOIN rollup_latency AS l ON l.to_domain = w.to_domain
     CROSS JOIN LATERAL unnest(l.bins, l.counts) AS b (bin, n)
     WHERE l.realm = $1 AND l.grain = 3 AND l.metric = 1
       AND l.bucket >= $2 AND l.bucket < $3
       AND (cardinality($4) > 0 OR l.from_domain <> l.to_domain)
     GROUP BY w.to_domain, b.bin
     HAVING sum(b.n) > 0),
c AS (
     SELECT h.to_domain, h.bin, sum(h.n) OVER (PARTITION BY h.to_domain ORDER BY h.bin) AS so_far,
            sum(h.n) OVER (PARTITION BY h.to_domain) AS n
     FROM h),
p AS (
     SELECT c.to_domain, latency_ms(min(c.bin)) AS p95_ms
     FROM c
     WHERE c.so_far * 100 >= c.n * 95
     GROUP BY c.to_domain)
SELECT w.to_domain, w.sent, w.requested, w.confirmed, w.failed, coalesce(p.p95_ms, -1)
FROM w
LEFT JOIN p ON p.to_domain = w.to_domain
ORDER BY w.best, w.requested DESC, w.to_domain COLLATE "C";
