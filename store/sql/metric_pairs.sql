-- SPDX-License-Identifier: Apache-2.0
-- What came of messages from one user to another, from rows: PAIRING F1, F2, F3, F7 (see delivery.sql).
--   $1 int4         realm
--   $2 timestamptz  since
--   $3 timestamptz  until, exclusive
--   $4 timestamptz  what was sent later is pending, else expired
--   $5 text         domain of either; null = any
--   $6 text         bare JID of either; null = any
--   $7 int4         order: 0 failed and expired, 1 sent, 2 JIDs
--   $8 int8         at most so many
WITH m AS (
     SELECT m.from_jid, m.to_jid, m.state, m.sent_at,
            m.id IS NOT NULL AND m.flags & 1048581 <> 0 AS requested,
            m.class <> 2 AND m.id IS NOT NULL AND m.flags & 2097162 <> 0 AND m.state <> 4
            AND (m.retracted_at IS NULL OR coalesce(m.displayed_at <= m.retracted_at, false))
            AS read_requested,
            m.state < 4 AND (m.id IS NULL OR m.flags & 3145743 = 0) AS unknown,
            m.displayed_at IS NOT NULL AS displayed,
            CASE WHEN m.marks & 130 = 2 AND m.stored_at IS NULL
                 THEN elapsed_ms(m.sent_at, m.delivered_at) END AS ms
     FROM message AS m
     WHERE m.realm = $1 AND m.class <= 2 AND m.sent_at >= $2::timestamptz
       AND m.sent_at < $3::timestamptz
       AND ($5::text IS NULL OR m.from_jid IN (SELECT j.id FROM jid AS j WHERE j.domain = $5)
            OR m.to_jid IN (SELECT j.id FROM jid AS j WHERE j.domain = $5))
       AND ($6::text IS NULL OR m.from_jid IN (SELECT j.id FROM jid AS j WHERE j.jid = $6)
            OR m.to_jid IN (SELECT j.id FROM jid AS j WHERE j.jid = $6))),
p AS (
     SELECT m.from_jid, m.to_jid, count(*) AS sent,
            count(*) FILTER (WHERE m.unknown) AS unknown,
            count(*) FILTER (WHERE m.state = 4) AS failed_all,
            count(*) FILTER (WHERE m.requested) AS requested,
            count(*) FILTER (WHERE m.requested AND m.state >= 5) AS confirmed,
            count(*) FILTER (WHERE m.requested AND m.state = 4) AS failed,
            count(*) FILTER (WHERE m.requested AND m.state < 4
                             AND m.sent_at > $4::timestamptz) AS pending,
            count(*) FILTER (WHERE m.requested AND m.state < 4 AND m.sent_at <= $4) AS expired,
            count(*) FILTER (WHERE m.read_requested) AS read_requested,
            count(*) FILTER (WHERE m.read_requested AND m.displayed) AS read,
            count(m.ms) FILTER (WHERE m.requested) AS ttd_n,
            percentile_disc(ARRAY[0.5, 0.9, 0.95, 0.99, 1]) WITHIN GROUP (ORDER BY m.ms)
            FILTER (WHERE m.requested) AS ttd_ms
     FROM m
     GROUP BY m.from_jid, m.to_jid)
SELECT f.jid, t.jid, p.sent, p.unknown, p.failed_all, p.requested, p.confirmed, p.failed, p.pending,
       p.expired, p.read_requested, p.read, p.ttd_n, p.ttd_ms
FROM p
JOIN jid AS f ON f.id = p.from_jid
JOIN jid AS t ON t.id = p.to_jid
ORDER BY CASE $7::int4 WHEN 0 THEN -(p.failed + p.expired) WHEN 1 THEN -p.sent END,
         CASE WHEN $7 = 0 THEN -p.requested END, f.jid COLLATE "C", t.jid COLLATE "C"
LIMIT $8;
