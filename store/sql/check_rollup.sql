-- SPDX-License-Identifier: Apache-2.0
-- Sums that are not what the rows come to: key, column, stored and recomputed value.
--   $1 int4         realm
--   $2 timestamptz  since: a UTC day
--   $3 timestamptz  until, exclusive: a UTC day
--   $4 int8         at most so many
WITH s AS (
     SELECT r.grain, r.bucket, r.from_domain, r.to_domain, r.kind,
            sum(r.rows)::int8 AS rows, sum(r.sent)::int8 AS sent, sum(r.unknown)::int8 AS unknown,
            sum(r.failed)::int8 AS failed, sum(r.requested)::int8 AS requested,
            sum(r.confirmed)::int8 AS confirmed,
            sum(r.requested_failed)::int8 AS requested_failed,
            sum(r.read_requested)::int8 AS read_requested, sum(r.read)::int8 AS read,
            sum(r.read_inferred)::int8 AS read_inferred, sum(r.resends)::int8 AS resends,
            sum(r.skew_clamped)::int8 AS skew_clamped, sum(r.stored)::int8 AS stored,
            sum(r.acks)::int8 AS acks, sum(r.acks_group)::int8 AS acks_group,
            sum(r.acks_dup)::int8 AS acks_dup, sum(r.errors)::int8 AS errors,
            sum(r.confirmed_10s)::int8 AS confirmed_10s,
            sum(r.confirmed_1m)::int8 AS confirmed_1m, sum(r.confirmed_1h)::int8 AS confirmed_1h,
            sum(r.confirmed_24h)::int8 AS confirmed_24h,
            sum(r.confirmed_7d)::int8 AS confirmed_7d, sum(r.read_10s)::int8 AS read_10s,
            sum(r.read_1m)::int8 AS read_1m, sum(r.read_1h)::int8 AS read_1h,
            sum(r.read_24h)::int8 AS read_24h, sum(r.read_7d)::int8 AS read_7d,
            sum(r.accepted)::int8 AS accepted,
            sum(r.routed)::int8 AS routed,
            sum(r.delivered)::int8 AS delivered,
            sum(r.displayed)::int8 AS displayed,
            sum(r.retracted)::int8 AS retracted,
            sum(r.read_upto)::int8 AS read_upto
     FROM rollup AS r
     WHERE r.realm = $1 AND r.bucket >= $2::timestamptz AND r.bucket < $3::timestamptz
     GROUP BY r.grain, r.bucket, r.from_domain, r.to_domain, r.kind),
c AS (
     SELECT c.grain, c.bucket, c.from_domain, c.to_domain, c.kind,
            c.rows, c.sent, c.unknown, c.failed, c.requested, c.confirmed, c.requested_failed,
            c.read_requested, c.read, c.read_inferred, c.resends, c.skew_clamped, c.stored,
            c.acks, c.acks_group, c.acks_dup, c.errors, c.confirmed_10s, c.confirmed_1m,
            c.confirmed_1h, c.confirmed_24h, c.confirmed_7d, c.read_10s, c.read_1m, c.read_1h,
            c.read_24h, c.read_7d, c.accepted, c.routed, c.delivered, c.displayed, c.retracted,
            c.read_upto
     FROM rollup_of_rows($1, $2, $3, '{1,2,3,4}') AS c)
SELECT 'rollup grain ' || coalesce(s.grain, c.grain)::text
       || CASE coalesce(s.grain, c.grain)
          WHEN 3 THEN ' from ' || coalesce(s.from_domain, c.from_domain)
                      || ' to ' || coalesce(s.to_domain, c.to_domain)
          WHEN 4 THEN ' kind ' || coalesce(s.kind, c.kind)::text ELSE '' END AS what,
       coalesce(s.bucket, c.bucket) AS at, v.name, v.stored::text, v.made::text
FROM s
FULL JOIN c ON c.grain = s.grain AND c.bucket = s.bucket AND c.from_domain = s.from_domain
          AND c.to_domain = s.to_domain AND c.kind = s.kind
CROSS JOIN LATERAL (VALUES
     ('rows', coalesce(s.rows, 0), coalesce(c.rows, 0)),
     ('sent', coalesce(s.sent, 0), coalesce(c.sent, 0)),
     ('unknown', coalesce(s.unknown, 0), coalesce(c.unknown, 0)),
     ('failed', coalesce(s.failed, 0), coalesce(c.failed, 0)),
     ('requested', coalesce(s.requested, 0), coalesce(c.requested, 0)),
     ('confirmed', coalesce(s.confirmed, 0), coalesce(c.confirmed, 0)),
     ('requested_failed', coalesce(s.requested_failed, 0), coalesce(c.requested_failed, 0)),
     ('read_requested', coalesce(s.read_requested, 0), coalesce(c.read_requested, 0)),
     ('read', coalesce(s.read, 0), coalesce(c.read, 0)),
     ('read_inferred', coalesce(s.read_inferred, 0), coalesce(c.read_inferred, 0)),
     ('resends', coalesce(s.resends, 0), coalesce(c.resends, 0)),
     ('skew_clamped', coalesce(s.skew_clamped, 0), coalesce(c.skew_clamped, 0)),
     ('stored', coalesce(s.stored, 0), coalesce(c.stored, 0)),
     ('acks', coalesce(s.acks, 0), coalesce(c.acks, 0)),
     ('acks_group', coalesce(s.acks_group, 0), coalesce(c.acks_group, 0)),
     ('acks_dup', coalesce(s.acks_dup, 0), coalesce(c.acks_dup, 0)),
     ('errors', coalesce(s.errors, 0), coalesce(c.errors, 0)),
     ('confirmed_10s', coalesce(s.confirmed_10s, 0), coalesce(c.confirmed_10s, 0)),
     ('confirmed_1m', coalesce(s.confirmed_1m, 0), coalesce(c.confirmed_1m, 0)),
     ('confirmed_1h', coalesce(s.confirmed_1h, 0), coalesce(c.confirmed_1h, 0)),
     ('confirmed_24h', coalesce(s.confirmed_24h, 0), coalesce(c.confirmed_24h, 0)),
     ('confirmed_7d', coalesce(s.confirmed_7d, 0), coalesce(c.confirmed_7d, 0)),
     ('read_10s', coalesce(s.read_10s, 0), coalesce(c.read_10s, 0)),
     ('read_1m', coalesce(s.read_1m, 0), coalesce(c.read_1m, 0)),
     ('read_1h', coalesce(s.read_1h, 0), coalesce(c.read_1h, 0)),
     ('read_24h', coalesce(s.read_24h, 0), coalesce(c.read_24h, 0)),
     ('read_7d', coalesce(s.read_7d, 0), coalesce(c.read_7d, 0)),
     ('accepted', coalesce(s.accepted, 0), coalesce(c.accepted, 0)),
     ('routed', coalesce(s.routed, 0), coalesce(c.routed, 0)),
     ('delivered', coalesce(s.delivered, 0), coalesce(c.delivered, 0)),
     ('displayed', coalesce(s.displayed, 0), coalesce(c.displayed, 0)),
     ('retracted', coalesce(s.retracted, 0), coalesce(c.retracted, 0)),
     ('read_upto', coalesce(s.read_upto, 0), coalesce(c.read_upto, 0)))
     AS v (name, stored, made)
WHERE v.stored <> v.made
ORDER BY coalesce(s.grain, c.grain), coalesce(s.bucket, c.bucket), what, v.name
LIMIT $4;
