-- SPDX-License-Identifier: Apache-2.0
-- Counters of PAIRING section 9, non-zero ones. Rates and verdicts speak of counted classes (0, 1,
-- 2: chat, pm, correction). Flags: 1048581 = asks for delivery (1, 4,
-- private 1048576), 2097162 = for reading (2, 8, private 2097152), 3145743 = for anything.
-- Marks: 1 skew, 8 error, 16 acks count. Evidence: kinds 0..6 are acks, 7 errors.
--   $1 int4         realm; 0 = all
--   $2 timestamptz  since, null = open
--   $3 timestamptz  until, exclusive, null = open
--   $4 timestamptz  what was sent later is pending, else expired
WITH m AS (
     SELECT m.class, m.state, m.flags, m.marks, m.resends, m.acks, m.acks_dup, m.sent_at,
            m.displayed_at, m.read_inferred_at, m.class <= 2 AS counted, m.id IS NOT NULL AS has_id,
            m.retracted_at IS NULL OR coalesce(m.displayed_at <= m.retracted_at, false) AS stands
     FROM message AS m
     WHERE m.class < 8 AND ($1 = 0 OR m.realm = $1)
       AND ($2::timestamptz IS NULL OR m.sent_at >= $2)
       AND ($3::timestamptz IS NULL OR m.sent_at < $3)),
r AS (
     SELECT m.class, m.state, m.marks, m.resends, m.acks, m.acks_dup, m.sent_at, m.displayed_at,
            m.read_inferred_at, m.counted,
            m.counted AND m.has_id AND m.flags & 1048581 <> 0 AS requested,
            m.counted AND m.class <> 2 AND m.has_id AND m.flags & 2097162 <> 0 AND m.state <> 4
            AND m.stands AS read_requested,
            m.counted AND m.state < 4 AND (NOT m.has_id OR m.flags & 3145743 = 0) AS unknown
     FROM m),
s AS (
     SELECT count(*) AS rows,
            count(*) FILTER (WHERE counted) AS sent,
            count(*) FILTER (WHERE requested) AS requested,
            count(*) FILTER (WHERE requested AND state >= 5) AS confirmed,
            count(*) FILTER (WHERE requested AND state < 4 AND sent_at > $4) AS pending,
            count(*) FILTER (WHERE requested AND state < 4 AND sent_at <= $4) AS expired,
            count(*) FILTER (WHERE unknown) AS unknown,
            count(*) FILTER (WHERE counted AND state = 4) AS failed,
            count(*) FILTER (WHERE read_requested) AS read_requested,
            count(*) FILTER (WHERE read_requested AND displayed_at IS NOT NULL) AS read,
            count(*) FILTER (WHERE read_requested AND displayed_at IS NULL
                             AND read_inferred_at IS NOT NULL) AS read_inferred,
            sum(resends) AS resends,
            count(*) FILTER (WHERE marks & 1 <> 0) AS skew_clamped,
            sum(acks) FILTER (WHERE class <> 5 AND marks & 16 <> 0) AS acks,
            sum(acks) FILTER (WHERE class = 5) AS acks_group,
            sum(acks_dup) FILTER (WHERE class = 5 OR marks & 16 <> 0) AS acks_dup,
            count(*) FILTER (WHERE marks & 8 <> 0) AS errors
     FROM r),
a AS (
     SELECT count(*) FILTER (WHERE m.kind < 7 AND m.class = 1) AS acks_orphan,
            count(*) FILTER (WHERE m.kind < 7 AND m.class = 2) AS acks_forged,
            count(*) FILTER (WHERE m.kind < 7 AND m.class = 3) AS acks_by_domain,
            count(*) FILTER (WHERE m.kind < 7 AND m.class = 4) AS acks_self,
            count(*) FILTER (WHERE m.kind < 7 AND m.class = 5) AS acks_of_acks,
            count(*) FILTER (WHERE m.kind = 7 AND m.class = 6) AS acks_bounced,
            count(*) FILTER (WHERE m.kind = 7 AND m.class NOT IN (0, 6, 8)) AS errors_orphan
     FROM ack AS m
     WHERE m.class <> 0 AND ($1 = 0 OR m.realm = $1)
       AND ($2::timestamptz IS NULL OR m.seen_at >= $2)
       AND ($3::timestamptz IS NULL OR m.seen_at < $3)),
n AS (
     SELECT v.name, v.value
     FROM s, LATERAL (VALUES ('rows', s.rows), ('sent', s.sent), ('requested', s.requested),
          ('confirmed', s.confirmed), ('pending', s.pending), ('expired', s.expired),
          ('unknown', s.unknown), ('failed', s.failed), ('read_requested', s.read_requested),
          ('read', s.read), ('read_inferred', s.read_inferred), ('resends', s.resends), ('skew_clamped', s.skew_clamped),
          ('acks', s.acks), ('acks_group', s.acks_group), ('acks_dup', s.acks_dup),
          ('errors', s.errors)) AS v (name, value)
     UNION ALL
     SELECT v.name, v.value
     FROM a, LATERAL (VALUES ('acks_orphan', a.acks_orphan), ('acks_forged', a.acks_forged),
          ('acks_by_domain', a.acks_by_domain), ('acks_self', a.acks_self),
          ('acks_of_acks', a.acks_of_acks), ('acks_bounced', a.acks_bounced),
          ('errors_orphan', a.errors_orphan)) AS v (name, value)
     UNION ALL
     SELECT c.name, sum(c.n)::int8
     FROM line_counter AS c
     WHERE ($1 = 0 OR c.realm = $1)
       AND ($2::timestamptz IS NULL OR c.day >= ($2::timestamptz AT TIME ZONE 'UTC')::date)
       AND ($3::timestamptz IS NULL OR c.day < $3::timestamptz AT TIME ZONE 'UTC')
     GROUP BY c.name)
SELECT n.name, n.value
FROM n
WHERE n.value <> 0
ORDER BY n.name COLLATE "C";
