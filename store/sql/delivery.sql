-- SPDX-License-Identifier: Apache-2.0
-- Rates by bucket of sent_at (PAIRING F1 to F4): counted classes only. Empty buckets give no row.
--   $1 int4           realm; 0 = all
--   $2 timestamptz[]  start of every bucket, ascending
--   $3 timestamptz    since, $4 timestamptz until, exclusive
--   $5 text           domain of the sender, $6 text of the recipient; null = any
--   $7 timestamptz    what was sent later is pending, else expired
SELECT width_bucket(f.sent_at, $2::timestamptz[]) AS bucket,
       count(*) AS sent,
       count(*) FILTER (WHERE f.unknown) AS unknown,
       count(*) FILTER (WHERE f.failed) AS failed_all,
       count(*) FILTER (WHERE f.requested) AS requested,
       count(*) FILTER (WHERE f.requested AND f.confirmed) AS confirmed,
       count(*) FILTER (WHERE f.requested AND f.failed) AS failed,
       count(*) FILTER (WHERE f.requested AND NOT f.confirmed AND NOT f.failed
                        AND f.sent_at > $7::timestamptz) AS pending,
       count(*) FILTER (WHERE f.requested AND NOT f.confirmed AND NOT f.failed
                        AND f.sent_at <= $7) AS expired,
       count(*) FILTER (WHERE f.read_requested) AS read_requested,
       count(*) FILTER (WHERE f.read_requested AND f.displayed) AS read,
       count(*) FILTER (WHERE f.read_requested AND f.displayed AND f.upto) AS read_upto,
       count(*) FILTER (WHERE f.read_requested AND NOT f.displayed AND f.inferred)
       AS read_inferred,
       count(*) FILTER (WHERE f.read_requested AND NOT f.displayed AND f.sent_at > $7)
       AS read_pending,
       count(*) FILTER (WHERE f.read_requested AND NOT f.displayed AND f.sent_at <= $7)
       AS read_expired,
       count(*) FILTER (WHERE f.stored) AS stored,
       count(*) FILTER (WHERE f.accepted) AS accepted,
       count(*) FILTER (WHERE f.routed) AS routed,
       count(*) FILTER (WHERE f.confirmed) AS delivered,
       count(*) FILTER (WHERE f.displayed) AS displayed,
       count(*) FILTER (WHERE f.retracted) AS retracted,
       count(*) FILTER (WHERE f.skew) AS skew_clamped,
       coalesce(sum(f.resends), 0)::int8 AS resends,
       count(*) FILTER (WHERE f.requested AND f.confirmed
                        AND f.confirmed_after <= interval '10 seconds') AS confirmed_10s,
       count(*) FILTER (WHERE f.requested AND f.confirmed
                        AND f.confirmed_after <= interval '1 minute') AS confirmed_1m,
       count(*) FILTER (WHERE f.requested AND f.confirmed
                        AND f.confirmed_after <= interval '1 hour') AS confirmed_1h,
       count(*) FILTER (WHERE f.requested AND f.confirmed
                        AND f.confirmed_after <= interval '24 hours') AS confirmed_24h,
       count(*) FILTER (WHERE f.requested AND f.confirmed
                        AND f.confirmed_after <= interval '7 days') AS confirmed_7d,
       count(*) FILTER (WHERE f.read_requested AND f.displayed_after <= interval '10 seconds')
       AS read_10s,
       count(*) FILTER (WHERE f.read_requested AND f.displayed_after <= interval '1 minute')
       AS read_1m,
       count(*) FILTER (WHERE f.read_requested AND f.displayed_after <= interval '1 hour')
       AS read_1h,
       count(*) FILTER (WHERE f.read_requested AND f.displayed_after <= interval '24 hours')
       AS read_24h,
       count(*) FILTER (WHERE f.read_requested AND f.displayed_after <= interval '7 days')
       AS read_7d
FROM rollup_facts($1, $3::timestamptz, $4::timestamptz) AS f
WHERE f.counted AND ($5::text IS NULL OR f.from_domain = $5)
  AND ($6::text IS NULL OR f.to_domain = $6)
GROUP BY 1;
