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
     SELECT p.i, p.waits,
            p.sign * r.sent AS sent, p.sign * r.unknown AS unknown, p.sign * r.failed AS failed,
            p.sign * r.requested AS requested, p.sign * r.confirmed AS confirmed,
            p.sign * r.requested_failed AS requested_failed,
            p.sign * r.read_requested AS read_requested, p.sign * r.read AS read,
            p.sign * r.stored AS stored, p.sign * r.skew_clamped AS skew_clamped,
            p.sign * r.resends AS resends
     FROM unnest($2::int4[], $3::int2[], $4::timestamptz[], $5::timestamptz[], $6::int4[],
                 $7::boolean[]) AS p (i, grain, lo, hi, sign, waits)
     CROSS JOIN LATERAL (
          SELECT r.sent, r.unknown, r.failed, r.requested, r.confirmed, r.requested_failed,
                 r.read_requested, r.read, r.stored, r.skew_clamped, r.resends
          FROM rollup AS r
          WHERE r.realm = $1 AND r.grain = p.grain AND r.bucket >= p.lo AND r.bucket < p.hi
            AND ($8::text IS NULL OR r.from_domain = $8) AND ($9::text IS NULL OR r.to_domain = $9)
          OFFSET 0) AS r -- by the index, piece by piece
     UNION ALL
     SELECT $11::int4, $13::boolean,
            $12::int4 * r.sent, $12::int4 * r.unknown, $12::int4 * r.failed,
            $12::int4 * r.requested, $12::int4 * r.confirmed, $12::int4 * r.requested_failed,
            $12::int4 * r.read_requested, $12::int4 * r.read, $12::int4 * r.stored,
            $12::int4 * r.skew_clamped, $12::int4 * r.resends
     FROM rollup_of_rows($1, $14::timestamptz, $15::timestamptz, ARRAY[$10::int2]) AS r
     WHERE ($8 IS NULL OR r.from_domain = $8) AND ($9 IS NULL OR r.to_domain = $9)
     UNION ALL
     SELECT $16::int4, $18::boolean,
            $17::int4 * r.sent, $17::int4 * r.unknown, $17::int4 * r.failed,
            $17::int4 * r.requested, $17::int4 * r.confirmed, $17::int4 * r.requested_failed,
            $17::int4 * r.read_requested, $17::int4 * r.read, $17::int4 * r.stored,
            $17::int4 * r.skew_clamped, $17::int4 * r.resends
     FROM rollup_of_rows($1, $19::timestamptz, $20::timestamptz, ARRAY[$10::int2]) AS r
     WHERE ($8 IS NULL OR r.from_domain = $8) AND ($9 IS NULL OR r.to_domain = $9)),
e AS (
     SELECT count(*) AS pending
     FROM message AS m
     WHERE m.realm = $1 AND m.class <= 2 AND m.id IS NOT NULL AND m.flags & 1048581 <> 0 AND m.state < 4
       AND m.sent_at > $22::timestamptz AND m.sent_at >= $23::timestamptz
       AND m.sent_at < $24::timestamptz
       AND ($8 IS NULL OR m.from_jid IN (SELECT j.id FROM jid AS j WHERE j.domain = $8))
       AND ($9 IS NULL OR m.to_jid IN (SELECT j.id FROM jid AS j WHERE j.domain = $9))),
b AS (
     SELECT s.i,
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
            coalesce(sum(s.requested - s.confirmed - s.requested_failed) FILTER (WHERE s.waits),
                     0)::int8 + CASE WHEN s.i = $21::int4 THEN (SELECT e.pending FROM e) ELSE 0 END
            AS pending
     FROM s
     GROUP BY s.i)
SELECT b.i, b.sent, b.unknown, b.failed, b.requested, b.confirmed, b.requested_failed, b.pending,
       b.requested - b.confirmed - b.requested_failed - b.pending, b.read_requested, b.read, b.stored,
       b.skew_clamped, b.resends
FROM b
ORDER BY b.i;
