-- SPDX-License-Identifier: Apache-2.0
-- What came of messages to or from each peer (peers_of), over whole UTC days.
--   $1 int4         realm
--   $2 timestamptz  since: a UTC day
--   $3 timestamptz  until, exclusive: a UTC day
--   $4 timestamptz  what was sent later is pending, else expired
--   $5 timestamptz  end of the day that $4 lies in
--   $6 text         direction: to, from
--   $7 text[]       domains that are ours; none: all are
--   $8 text         which of them; null = all
WITH s AS (
     SELECT p.peer,
            sum(r.sent)::int8 AS sent, sum(r.unknown)::int8 AS unknown,
            sum(r.failed)::int8 AS failed, sum(r.requested)::int8 AS requested,
            sum(r.confirmed)::int8 AS confirmed, sum(r.requested_failed)::int8 AS requested_failed,
            coalesce(sum(r.requested - r.confirmed - r.requested_failed)
                     FILTER (WHERE r.bucket > $4::timestamptz), 0)::int8 AS pending,
            sum(r.read_requested)::int8 AS read_requested, sum(r.read)::int8 AS read
     FROM rollup AS r
     CROSS JOIN LATERAL peers_of(r.from_domain, r.to_domain, $6::text, $7::text[], $8::text) AS p
     WHERE r.realm = $1 AND r.grain = 3 AND r.bucket >= $2::timestamptz
       AND r.bucket < $3::timestamptz
     GROUP BY p.peer
     HAVING sum(r.sent) <> 0),
e AS (
     SELECT p.peer, count(*) AS pending
     FROM message AS m
     JOIN jid AS f ON f.id = m.from_jid
     JOIN jid AS t ON t.id = m.to_jid
     CROSS JOIN LATERAL peers_of(f.domain, t.domain, $6, $7, $8) AS p
     WHERE m.realm = $1 AND m.class <= 2 AND m.id IS NOT NULL AND m.flags & 1048581 <> 0
       AND m.state < 4 AND m.sent_at > $4 AND m.sent_at >= $2 AND m.sent_at < $3
       AND m.sent_at < $5::timestamptz
     GROUP BY p.peer),
l AS (
     SELECT a.peer, array_agg(a.bin::int4 ORDER BY a.bin) AS bins,
            array_agg(a.n ORDER BY a.bin) AS counts
     FROM (SELECT p.peer, b.bin, sum(b.n)::int8 AS n
           FROM rollup_latency AS r
           CROSS JOIN LATERAL peers_of(r.from_domain, r.to_domain, $6, $7, $8) AS p
           CROSS JOIN LATERAL unnest(r.bins, r.counts) AS b (bin, n)
           WHERE r.realm = $1 AND r.grain = 3 AND r.bucket >= $2 AND r.bucket < $3
             AND r.metric = 1
           GROUP BY p.peer, b.bin) AS a
     GROUP BY a.peer),
c AS (
     SELECT a.peer, array_agg(a.condition ORDER BY a.n DESC, a.condition) AS names,
            array_agg(a.n ORDER BY a.n DESC, a.condition) AS counts
     FROM (SELECT p.peer, r.condition, sum(r.failed)::int8 AS n
           FROM rollup_failure AS r
           CROSS JOIN LATERAL peers_of(r.from_domain, r.to_domain, $6, $7, $8) AS p
           WHERE r.realm = $1 AND r.day >= ($2 AT TIME ZONE 'UTC')::date
             AND r.day < ($3 AT TIME ZONE 'UTC')::date
           GROUP BY p.peer, r.condition
           HAVING sum(r.failed) <> 0) AS a
     GROUP BY a.peer)
SELECT s.peer, $6::text, s.sent, s.unknown, s.failed, s.requested, s.confirmed,
       s.requested_failed, s.pending + coalesce(e.pending, 0), s.read_requested, s.read,
       l.bins, l.counts, c.names, c.counts
FROM s
LEFT JOIN e ON e.peer = s.peer
LEFT JOIN l ON l.peer = s.peer
LEFT JOIN c ON c.peer = s.peer;
