-- SPDX-License-Identifier: Apache-2.0
-- c: what adds up to the wanted buckets, from roll-ups: each bucket is the sum of pieces, which may
-- have to be taken away, at most two of them pieces of rows. What is open splits into what is pending
-- and what is expired, so that all columns add up.
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
c AS (
     SELECT s.i,
            s.sign * s.sent AS sent, s.sign * s.unknown AS unknown, s.sign * s.failed AS failed,
            s.sign * s.requested AS requested, s.sign * s.confirmed AS confirmed,
            s.sign * s.requested_failed AS requested_failed,
            s.sign * s.read_requested AS read_requested, s.sign * s.read AS read,
            s.sign * s.read_upto AS read_upto, s.sign * s.read_inferred AS read_inferred,
            s.sign * s.stored AS stored, s.sign * s.accepted AS accepted,
            s.sign * s.routed AS routed, s.sign * s.delivered AS delivered,
            s.sign * s.displayed AS displayed, s.sign * s.retracted AS retracted,
            s.sign * s.skew_clamped AS skew_clamped, s.sign * s.resends AS resends,
            s.sign * s.confirmed_10s AS confirmed_10s, s.sign * s.confirmed_1m AS confirmed_1m,
            s.sign * s.confirmed_1h AS confirmed_1h, s.sign * s.confirmed_24h AS confirmed_24h,
            s.sign * s.confirmed_7d AS confirmed_7d, s.sign * s.read_10s AS read_10s,
            s.sign * s.read_1m AS read_1m, s.sign * s.read_1h AS read_1h,
            s.sign * s.read_24h AS read_24h, s.sign * s.read_7d AS read_7d,
            CASE WHEN s.waits THEN s.sign * (s.requested - s.confirmed - s.requested_failed)
                 ELSE 0 END AS pending,
            CASE WHEN s.waits THEN s.sign * (s.read_requested - s.read) ELSE 0 END AS read_pending
     FROM s
     UNION ALL
     SELECT $21::int4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
            e.pending, e.read_pending
     FROM e
     WHERE $21 > 0)
