-- SPDX-License-Identifier: Apache-2.0
-- Derived columns of rows that are not what their own facts and their evidence give: state (S2),
-- times and acks of plain rows (P4, P9), acks and errors of the others (P4, P11), clamped clocks
-- (T5), and whether findings of their key are open (rows without id do not say it): where days were
-- dropped, a finding may have gone with its day while the mark of a row of another day stays.
--   $1 int4         realm
--   $2 timestamptz  since: a UTC day
--   $3 timestamptz  until, exclusive: a UTC day
--   $4 int8         at most so many
WITH a AS (
     SELECT a.conv, a.key, a.n, count(*) FILTER (WHERE a.kind <= 6) AS acks,
            count(*) FILTER (WHERE a.kind IN (7, 9)) AS errors
     FROM ack AS a
     WHERE a.realm = $1 AND a.class = 0 AND a.seen_at >= $2::timestamptz - interval '1 day'
     GROUP BY a.conv, a.key, a.n),
f AS (
     SELECT DISTINCT f.conv, f.key
     FROM finding AS f
     WHERE f.realm = $1 AND f.key <> 0 AND NOT f.withdrawn)
SELECT 'message ' || lpad(to_hex(m.conv), 16, '0') || '/' || lpad(to_hex(m.key), 16, '0')
       || ' n ' || m.n::text AS what,
       m.sent_at, v.name, coalesce(v.stored, 'null'), coalesce(v.made, 'null')
FROM message AS m
LEFT JOIN a ON a.conv = m.conv AND a.key = m.key AND a.n = m.n
LEFT JOIN f ON f.conv = m.conv AND f.key = m.key
CROSS JOIN LATERAL (VALUES
     (true, 'state', m.state::text,
      CASE WHEN m.displayed_at IS NOT NULL THEN '6' WHEN m.delivered_at IS NOT NULL THEN '5'
           WHEN m.failed_at IS NOT NULL THEN '4' WHEN m.routed_at IS NOT NULL THEN '3'
           WHEN m.stored_at IS NOT NULL THEN '2' WHEN m.accepted_at IS NOT NULL THEN '1'
           ELSE '0' END),
     (true, 'marks (clock)', (m.marks & 1)::text,
      (least(m.delivered_at, m.displayed_at) < m.sent_at IS TRUE)::int::text),
     (f.key IS NOT NULL OR NOT EXISTS (SELECT FROM dropped_days()), 'marks (findings)',
      (m.marks & 4)::text, CASE WHEN f.key IS NULL OR m.id IS NULL THEN '0' ELSE '4' END),
     (m.marks & 32 = 0, 'delivered_at', m.delivered_at::text,
      least(m.receipt_first, m.upto_delivered_at)::text),
     (m.marks & 32 = 0, 'displayed_at', m.displayed_at::text,
      least(m.marker_first, m.upto_displayed_at)::text),
     (m.marks & 32 = 0, 'marks (direct)', (m.marks & 2)::text,
      CASE WHEN m.receipt_first IS NULL THEN '0' ELSE '2' END),
     (m.marks & 32 = 0, 'acks', m.acks::text, num_nonnulls(m.receipt_first, m.marker_first)::text),
     (m.marks & 32 <> 0, 'acks', m.acks::text, coalesce(a.acks, 0)::text),
     (m.marks & 32 <> 0, 'marks (error)', (m.marks & 8)::text,
      CASE WHEN a.errors > 0 THEN '8' ELSE '0' END))
     AS v (applies, name, stored, made)
WHERE m.realm = $1 AND m.sent_at >= $2 AND m.sent_at < $3 AND v.applies
  AND v.stored IS DISTINCT FROM v.made
ORDER BY m.sent_at, m.conv, m.key, m.n, v.name
LIMIT $4;
