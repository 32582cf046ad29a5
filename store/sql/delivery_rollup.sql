-- SPDX-License-Identifier: Apache-2.0
-- Rates and times by bucket of sent_at as delivery.sql, from roll-ups: rows are read for what begins
-- or ends within a bucket of theirs, and for the one that straddles $9. Latencies come as
-- histograms. All but $3, $8 and $9 are UTC days or quarters of an hour, and so are the starts of
-- the wanted buckets but the first.
--   $1 int4           realm
--   $2 timestamptz[]  start of every bucket, ascending
--   $3 timestamptz    since: rows up to $4, quarters up to $5, days up to $6, quarters up to $7,
--                     rows up to $8, exclusive
--   $9 timestamptz    what was sent later is pending, else expired
--   $10 timestamptz   the roll-up bucket that $9 lies in, $11 its end; the same: there is none
--   $12 text          domain of the sender, $13 text of the recipient; null = any
--   $14 int2          grain for rows: 1, by domains 3
--   $15 int2          grain of days: 2, by domains 3
WITH s AS (
     SELECT r.bucket,
            r.sent, r.unknown, r.failed, r.requested, r.confirmed, r.requested_failed,
            r.read_requested, r.read, r.stored, r.skew_clamped, r.resends
     FROM rollup AS r
     WHERE r.realm = $1 AND r.grain = 1 AND r.bucket >= $4::timestamptz
       AND r.bucket < $5::timestamptz
     UNION ALL
     SELECT r.bucket,
            r.sent, r.unknown, r.failed, r.requested, r.confirmed, r.requested_failed,
            r.read_requested, r.read, r.stored, r.skew_clamped, r.resends
     FROM rollup AS r
     WHERE r.realm = $1 AND r.grain = 1 AND r.bucket >= $6::timestamptz
       AND r.bucket < $7::timestamptz
     UNION ALL
     SELECT r.bucket,
            r.sent, r.unknown, r.failed, r.requested, r.confirmed, r.requested_failed,
            r.read_requested, r.read, r.stored, r.skew_clamped, r.resends
     FROM rollup AS r
     WHERE r.realm = $1 AND r.grain = $15::int2 AND r.bucket >= $5 AND r.bucket < $6
       AND ($12::text IS NULL OR r.from_domain = $12)
       AND ($13::text IS NULL OR r.to_domain = $13)
     UNION ALL
     SELECT greatest(r.bucket, p.since),
            r.sent, r.unknown, r.failed, r.requested, r.confirmed, r.requested_failed,
            r.read_requested, r.read, r.stored, r.skew_clamped, r.resends
     FROM (VALUES ($3::timestamptz, $4), ($7, $8::timestamptz)) AS p (since, until),
          LATERAL rollup_of_rows($1, p.since, p.until, ARRAY[$14::int2]) AS r
     WHERE p.since < p.until AND ($12::text IS NULL OR r.from_domain = $12)
       AND ($13::text IS NULL OR r.to_domain = $13)),
b AS (
     SELECT width_bucket(s.bucket, $2::timestamptz[]) AS bucket,
            sum(s.sent)::int8 AS sent,
            sum(s.unknown)::int8 AS unknown,
            sum(s.failed)::int8 AS failed,
            sum(s.requested)::int8 AS requested,
            sum(s.confirmed)::int8 AS confirmed,
            sum(s.requested_failed)::int8 AS requested_failed,
            sum(s.read_requested)::int8 AS read_requested,
            sum(s.read)::int8 AS read,
            sum(s.stored)::int8 AS stored,
            sum(s.skew_clamped)::int8 AS skew_clamped,
            sum(s.resends)::int8 AS resends,
            coalesce(sum(s.requested - s.confirmed - s.requested_failed)
                     FILTER (WHERE s.bucket > $9::timestamptz), 0)::int8 AS pending
     FROM s
     GROUP BY 1),
e AS (
     SELECT width_bucket(m.sent_at, $2) AS bucket, count(*) AS pending
     FROM message AS m
     WHERE m.realm = $1 AND m.class <= 2 AND m.id IS NOT NULL AND m.flags & 5 <> 0 AND m.state < 4
       AND m.sent_at > $9 AND m.sent_at >= $10::timestamptz AND m.sent_at < $11::timestamptz
       AND ($12::text IS NULL OR m.from_jid IN (SELECT j.id FROM jid AS j WHERE j.domain = $12))
       AND ($13::text IS NULL OR m.to_jid IN (SELECT j.id FROM jid AS j WHERE j.domain = $13))
     GROUP BY 1),
l AS (
     SELECT l.bucket, l.metric, u.bin, u.n
     FROM rollup_latency AS l
     CROSS JOIN LATERAL unnest(l.bins, l.counts) AS u (bin, n)
     WHERE l.realm = $1 AND l.metric IN (1, 3)
       AND (l.grain = 1 AND l.bucket >= $4 AND l.bucket < $5
            OR l.grain = 1 AND l.bucket >= $6 AND l.bucket < $7
            OR l.grain = $15 AND l.bucket >= $5 AND l.bucket < $6
               AND ($12 IS NULL OR l.from_domain = $12) AND ($13 IS NULL OR l.to_domain = $13))
     UNION ALL
     SELECT greatest(c.bucket, p.since), c.metric, c.bin, c.n
     FROM (VALUES ($3::timestamptz, $4), ($7, $8::timestamptz)) AS p (since, until),
          LATERAL latency_of_rows($1, p.since, p.until, ARRAY[$14]) AS c
     WHERE p.since < p.until AND c.metric IN (1, 3) AND ($12 IS NULL OR c.from_domain = $12)
       AND ($13 IS NULL OR c.to_domain = $13)),
h AS (
     SELECT width_bucket(l.bucket, $2) AS bucket, l.metric, l.bin, sum(l.n)::int8 AS n
     FROM l
     GROUP BY 1, 2, 3),
a AS (
     SELECT h.bucket, h.metric, array_agg(h.bin ORDER BY h.bin) AS bins,
            array_agg(h.n ORDER BY h.bin) AS counts, sum(h.n)::int8 AS n
     FROM h
     GROUP BY h.bucket, h.metric)
SELECT b.bucket, b.sent, b.unknown, b.failed, b.requested, b.confirmed, b.requested_failed,
       b.pending + coalesce(e.pending, 0),
       b.requested - b.confirmed - b.requested_failed - b.pending - coalesce(e.pending, 0),
       b.read_requested, b.read, b.stored, coalesce(d.n, 0), coalesce(r.n, 0), b.skew_clamped,
       b.resends, d.bins, d.counts, r.bins, r.counts
FROM b
LEFT JOIN e ON e.bucket = b.bucket
LEFT JOIN a AS d ON d.bucket = b.bucket AND d.metric = 1
LEFT JOIN a AS r ON r.bucket = b.bucket AND r.metric = 3
ORDER BY b.bucket;
