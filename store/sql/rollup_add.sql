-- SPDX-License-Identifier: Apache-2.0
-- Moves sums by what a transaction changed; the rows come in the order of their keys.
--   $1 int4   realm
--   $2 int2   lane
--   $3 ... $40  arrays: grain, bucket, from_domain, to_domain, kind, then the sums as in
--             store/rollup_row.c
INSERT INTO rollup AS r
       (realm, lane, grain, bucket, from_domain, to_domain, kind,
        rows, sent, unknown, failed, requested, confirmed, requested_failed, read_requested, read,
        read_inferred, resends, skew_clamped, stored, acks, acks_group, acks_dup, errors,
        confirmed_10s, confirmed_1m, confirmed_1h, confirmed_24h, confirmed_7d, read_10s, read_1m,
        read_1h, read_24h, read_7d, accepted, routed, delivered, displayed, retracted, read_upto)
SELECT $1, $2, u.grain, u.bucket, u.from_domain, u.to_domain, u.kind,
       u.rows, u.sent, u.unknown, u.failed, u.requested, u.confirmed, u.requested_failed,
       u.read_requested, u.read, u.read_inferred, u.resends, u.skew_clamped, u.stored, u.acks,
       u.acks_group, u.acks_dup, u.errors, u.confirmed_10s, u.confirmed_1m, u.confirmed_1h,
       u.confirmed_24h, u.confirmed_7d, u.read_10s, u.read_1m, u.read_1h, u.read_24h, u.read_7d,
       u.accepted, u.routed, u.delivered, u.displayed, u.retracted, u.read_upto
FROM unnest($3::int2[], $4::timestamptz[], $5::text[], $6::text[], $7::int2[], $8::int8[],
            $9::int8[], $10::int8[], $11::int8[], $12::int8[], $13::int8[], $14::int8[],
            $15::int8[], $16::int8[], $17::int8[], $18::int8[], $19::int8[], $20::int8[],
            $21::int8[], $22::int8[], $23::int8[], $24::int8[], $25::int8[], $26::int8[],
            $27::int8[], $28::int8[], $29::int8[], $30::int8[], $31::int8[], $32::int8[],
            $33::int8[], $34::int8[], $35::int8[], $36::int8[], $37::int8[], $38::int8[],
            $39::int8[], $40::int8[])
     AS u (grain, bucket, from_domain, to_domain, kind,
           rows, sent, unknown, failed, requested, confirmed, requested_failed, read_requested,
           read, read_inferred, resends, skew_clamped, stored, acks, acks_group, acks_dup, errors,
           confirmed_10s, confirmed_1m, confirmed_1h, confirmed_24h, confirmed_7d, read_10s,
           read_1m, read_1h, read_24h, read_7d, accepted, routed, delivered, displayed, retracted,
           read_upto)
ON CONFLICT (realm, grain, bucket, from_domain, to_domain, kind, lane) DO UPDATE
SET rows = r.rows + excluded.rows, sent = r.sent + excluded.sent,
    unknown = r.unknown + excluded.unknown, failed = r.failed + excluded.failed,
    requested = r.requested + excluded.requested, confirmed = r.confirmed + excluded.confirmed,
    requested_failed = r.requested_failed + excluded.requested_failed,
    read_requested = r.read_requested + excluded.read_requested, read = r.read + excluded.read,
    read_inferred = r.read_inferred + excluded.read_inferred,
    resends = r.resends + excluded.resends, skew_clamped = r.skew_clamped + excluded.skew_clamped,
    stored = r.stored + excluded.stored, acks = r.acks + excluded.acks,
    acks_group = r.acks_group + excluded.acks_group, acks_dup = r.acks_dup + excluded.acks_dup,
    errors = r.errors + excluded.errors, confirmed_10s = r.confirmed_10s + excluded.confirmed_10s,
    confirmed_1m = r.confirmed_1m + excluded.confirmed_1m,
    confirmed_1h = r.confirmed_1h + excluded.confirmed_1h,
    confirmed_24h = r.confirmed_24h + excluded.confirmed_24h,
    confirmed_7d = r.confirmed_7d + excluded.confirmed_7d,
    read_10s = r.read_10s + excluded.read_10s, read_1m = r.read_1m + excluded.read_1m,
    read_1h = r.read_1h + excluded.read_1h, read_24h = r.read_24h + excluded.read_24h,
    read_7d = r.read_7d + excluded.read_7d,
    accepted = r.accepted + excluded.accepted,
    routed = r.routed + excluded.routed,
    delivered = r.delivered + excluded.delivered,
    displayed = r.displayed + excluded.displayed,
    retracted = r.retracted + excluded.retracted,
    read_upto = r.read_upto + excluded.read_upto;
