-- SPDX-License-Identifier: Apache-2.0
-- Rates and times by bucket of sent_at (PAIRING F1, F2, F3, F7): counted classes only. Flags and
-- marks as in counters.sql; mark 2: delivered_at stands on direct evidence. Empty buckets give no
-- row.
--   $1 int4           realm; 0 = all
--   $2 timestamptz[]  start of every bucket, ascending
--   $3 timestamptz    since, $4 timestamptz until, exclusive
--   $5 timestamptz    what was sent later is pending, else expired
--   $6 text           domain of the sender, $7 text of the recipient; null = any
WITH m AS (
     SELECT width_bucket(m.sent_at, $2::timestamptz[]) AS bucket, m.state, m.marks, m.resends,
            m.sent_at, m.stored_at, m.delivered_at, m.displayed_at,
            m.id IS NOT NULL AND m.flags & 1048581 <> 0 AS requested,
            m.class <> 2 AND m.id IS NOT NULL AND m.flags & 2097162 <> 0 AND m.state <> 4
            AND (m.retracted_at IS NULL OR coalesce(m.displayed_at <= m.retracted_at, false))
            AS read_requested,
            m.state < 4 AND (m.id IS NULL OR m.flags & 3145743 = 0) AS unknown
     FROM message AS m
     WHERE ($1 = 0 OR m.realm = $1) AND m.class <= 2
       AND m.sent_at >= $3::timestamptz AND m.sent_at < $4::timestamptz
       AND ($6::text IS NULL OR m.from_jid IN (SELECT j.id FROM jid AS j WHERE j.domain = $6))
       AND ($7::text IS NULL OR m.to_jid IN (SELECT j.id FROM jid AS j WHERE j.domain = $7))),
t AS (
     SELECT m.bucket, m.state, m.marks, m.resends, m.sent_at, m.stored_at, m.displayed_at,
            m.requested, m.read_requested, m.unknown,
            CASE WHEN m.requested AND m.marks & 2 <> 0 AND m.stored_at IS NULL
                 THEN greatest(extract(epoch FROM m.delivered_at - m.sent_at) * 1000000, 0)::int8
                      / 1000 END AS ttd,
            CASE WHEN m.read_requested AND m.displayed_at IS NOT NULL
                 THEN greatest(extract(epoch FROM m.displayed_at - m.sent_at) * 1000000, 0)::int8
                      / 1000 END AS ttr
     FROM m)
SELECT t.bucket,
       count(*) AS sent,
       count(*) FILTER (WHERE t.unknown) AS unknown,
       count(*) FILTER (WHERE t.state = 4) AS failed_all,
       count(*) FILTER (WHERE t.requested) AS requested,
       count(*) FILTER (WHERE t.requested AND t.state >= 5) AS confirmed,
       count(*) FILTER (WHERE t.requested AND t.state = 4) AS failed,
       count(*) FILTER (WHERE t.requested AND t.state < 4 AND t.sent_at > $5) AS pending,
       count(*) FILTER (WHERE t.requested AND t.state < 4 AND t.sent_at <= $5) AS expired,
       count(*) FILTER (WHERE t.read_requested) AS read_requested,
       count(*) FILTER (WHERE t.read_requested AND t.displayed_at IS NOT NULL) AS read,
       count(*) FILTER (WHERE t.stored_at IS NOT NULL) AS stored,
       count(t.ttd) AS ttd_n,
       count(t.ttr) AS ttr_n,
       count(*) FILTER (WHERE t.marks & 1 <> 0) AS skew_clamped,
       coalesce(sum(t.resends), 0)::int8 AS resends,
       percentile_disc(ARRAY[0.5, 0.9, 0.95, 0.99, 1]) WITHIN GROUP (ORDER BY t.ttd) AS ttd_ms,
       percentile_disc(ARRAY[0.5, 0.9, 0.95, 0.99, 1]) WITHIN GROUP (ORDER BY t.ttr) AS ttr_ms
FROM t
GROUP BY t.bucket
ORDER BY t.bucket;
