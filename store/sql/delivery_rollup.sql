-- SPDX-License-Identifier: Apache-2.0
-- Rates by wanted bucket as delivery.sql, from roll-ups: each bucket is the sum of pieces, which may
-- have to be taken away, at most two of them pieces of rows.
--   $1 int4           realm
--   $2 int4[]         pieces: number of the wanted bucket
--   $3 int2[]         rollup.grain
--   $4 timestamptz[]  from, $5 timestamptz[] to, exclusive
--   $6 int4[]         1 or -1
--   $7 boolean[]      what is not answered there is pending, else expired
--   $8 text           domain of the sender, $9 text of the recipient; null = any
--   $10 int2          grain for rows: 1, by domains 3
--   $11 ... $15       a piece of rows: bucket, sign, pending or expired, from, to
--   $16 ... $20       another one
--   $21 int4          the wanted bucket in which what is not answered is partly pending:
--   $22 timestamptz   what was sent later, and from $23 timestamptz to $24, exclusive
WITH s AS (
     SELECT p.i, p.sign, p.waits, r.*
     FROM unnest($2::int4[], $3::int2[], $4::timestamptz[], $5::timestamptz[], $6::int4[],
                 $7::boolean[]) AS p (i, grain, lo, hi, sign, waits)
     CROSS JOIN LATERAL (
          SELECT
-- include rollup_sums
          FROM rollup AS r
          WHERE r.realm = $1 AND r.grain = p.grain AND r.bucket >= p.lo AND r.bucket < p.hi
            AND ($8::text IS NULL OR r.from_domain = $8) AND ($9::text IS NULL OR r.to_domain = $9)
          OFFSET 0) AS r -- by the index, piece by piece
     UNION ALL
     SELECT $11::int4, $12::int4, $13::boolean,
-- include rollup_sums
     FROM rollup_of_rows($1, $14::timestamptz, $15::timestamptz, ARRAY[$10::int2]) AS r
     WHERE ($8 IS NULL OR r.from_domain = $8) AND ($9 IS NULL OR r.to_domain = $9)
     UNION ALL
     SELECT $16::int4, $17::int4, $18::boolean,
-- include rollup_sums
     FROM rollup_of_rows($1, $19::timestamptz, $20::timestamptz, ARRAY[$10::int2]) AS r
     WHERE ($8 IS NULL OR r.from_domain = $8) AND ($9 IS NULL OR r.to_domain = $9)),
e AS (
     SELECT count(*) FILTER (WHERE f.requested AND NOT f.confirmed AND NOT f.failed) AS pending,
            count(*) FILTER (WHERE f.read_requested AND NOT f.displayed) AS read_pending
     FROM rollup_facts($1, greatest($22::timestamptz, $23::timestamptz), $24::timestamptz) AS f
     WHERE f.sent_at > $22 AND ($8 IS NULL OR f.from_domain = $8)
       AND ($9 IS NULL OR f.to_domain = $9)),
b AS (
     SELECT s.i,
            sum(s.sign * s.sent)::int8 AS sent,
            sum(s.sign * s.unknown)::int8 AS unknown,
            sum(s.sign * s.failed)::int8 AS failed,
            sum(s.sign * s.requested)::int8 AS requested,
            sum(s.sign * s.confirmed)::int8 AS confirmed,
            sum(s.sign * s.requested_failed)::int8 AS requested_failed,
            sum(s.sign * s.read_requested)::int8 AS read_requested,
            sum(s.sign * s.read)::int8 AS read,
            sum(s.sign * s.read_upto)::int8 AS read_upto,
            sum(s.sign * s.read_inferred)::int8 AS read_inferred,
            sum(s.sign * s.stored)::int8 AS stored,
            sum(s.sign * s.accepted)::int8 AS accepted,
            sum(s.sign * s.routed)::int8 AS routed,
            sum(s.sign * s.delivered)::int8 AS delivered,
            sum(s.sign * s.displayed)::int8 AS displayed,
            sum(s.sign * s.retracted)::int8 AS retracted,
            sum(s.sign * s.skew_clamped)::int8 AS skew_clamped,
            sum(s.sign * s.resends)::int8 AS resends,
            sum(s.sign * s.confirmed_10s)::int8 AS confirmed_10s,
            sum(s.sign * s.confirmed_1m)::int8 AS confirmed_1m,
            sum(s.sign * s.confirmed_1h)::int8 AS confirmed_1h,
            sum(s.sign * s.confirmed_24h)::int8 AS confirmed_24h,
            sum(s.sign * s.confirmed_7d)::int8 AS confirmed_7d,
            sum(s.sign * s.read_10s)::int8 AS read_10s,
            sum(s.sign * s.read_1m)::int8 AS read_1m,
            sum(s.sign * s.read_1h)::int8 AS read_1h,
            sum(s.sign * s.read_24h)::int8 AS read_24h,
            sum(s.sign * s.read_7d)::int8 AS read_7d,
            coalesce(sum(s.sign * (s.requested - s.confirmed - s.requested_failed))
                     FILTER (WHERE s.waits), 0)::int8
            + CASE WHEN s.i = $21::int4 THEN (SELECT e.pending FROM e) ELSE 0 END AS pending,
            coalesce(sum(s.sign * (s.read_requested - s.read)) FILTER (WHERE s.waits), 0)::int8
            + CASE WHEN s.i = $21 THEN (SELECT e.read_pending FROM e) ELSE 0 END AS read_pending
     FROM s
     GROUP BY s.i)
SELECT b.i, b.sent, b.unknown, b.failed, b.requested, b.confirmed, b.requested_failed, b.pending,
       b.requested - b.confirmed - b.requested_failed - b.pending, b.read_requested, b.read,
       b.read_upto, b.read_inferred, b.read_pending, b.read_requested - b.read - b.read_pending,
       b.stored, b.accepted, b.routed, b.delivered, b.displayed, b.retracted, b.skew_clamped,
       b.resends, b.confirmed_10s, b.confirmed_1m, b.confirmed_1h, b.confirmed_24h,
       b.confirmed_7d, b.read_10s, b.read_1m, b.read_1h, b.read_24h, b.read_7d
FROM b;
