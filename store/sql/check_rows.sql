-- SPDX-License-Identifier: Apache-2.0
-- Derived columns of rows that are not what their own facts and their evidence give: state (S2),
-- times and acks of plain rows (P4, P9), acks and errors of the others (P4, P11), clamped clocks
-- (T5), and whether findings of their key are open (rows without id do not say it): where days were
-- dropped, a finding may have gone with its day while the mark of a row of another day stays.
--   $1 int4         realm
--   $2 timestamptz  since: a UTC day
--   $3 timestamptz  until, exclusive: a UTC day
--   $4 int8         at most so many
--   $5 int8         first conversation
--   $6 int8         last conversation
WITH a AS (
     SELECT a.conv, a.key, a.n, count(*) FILTER (WHERE a.kind <= 6) AS acks,
            count(*) FILTER (WHERE a.kind IN (7, 9)) AS errors
     FROM ack AS a
     WHERE a.realm = $1 AND a.class = 0 AND a.seen_at >= $2::timestamptz - interval '1 day'
       AND a.conv BETWEEN $5 AND $6
     GROUP BY a.conv, a.key, a.n),
f AS (
     SELECT DISTINCT f.conv, f.key
     FROM finding AS f
     WHERE f.realm = $1 AND f.key <> 0 AND NOT f.withdrawn AND f.conv BETWEEN $5 AND $6),
x AS (
     SELECT m.conv, m.sent_at, m.key, m.n, m.marks & 32 <> 0 AS complex,
            f.key IS NOT NULL OR NOT EXISTS (SELECT FROM dropped_days()) AS judged,
            m.state, m.marks, m.delivered_at, m.displayed_at, m.acks,
            (CASE WHEN m.displayed_at IS NOT NULL THEN 6 WHEN m.delivered_at IS NOT NULL THEN 5
                  WHEN m.failed_at IS NOT NULL THEN 4 WHEN m.routed_at IS NOT NULL THEN 3
                  WHEN m.stored_at IS NOT NULL THEN 2 WHEN m.accepted_at IS NOT NULL THEN 1
                  ELSE 0 END) AS made_state,
            (least(m.delivered_at, m.displayed_at) < m.sent_at IS TRUE)::int4 AS made_clock,
            CASE WHEN f.key IS NULL OR m.id IS NULL THEN 0 ELSE 4 END AS made_findings,
            least(m.receipt_first, m.upto_delivered_at) AS made_delivered,
            least(m.marker_first, m.upto_displayed_at) AS made_displayed,
            CASE WHEN m.receipt_first IS NULL THEN 0 ELSE 2 END AS made_direct,
            CASE WHEN m.marks & 32 = 0 THEN num_nonnulls(m.receipt_first, m.marker_first)
                 ELSE coalesce(a.acks, 0) END AS made_acks,
            CASE WHEN a.errors > 0 THEN 8 ELSE 0 END AS made_error
     FROM message AS m
     LEFT JOIN a ON a.conv = m.conv AND a.key = m.key AND a.n = m.n
     LEFT JOIN f ON f.conv = m.conv AND f.key = m.key
     WHERE m.realm = $1 AND m.sent_at >= $2 AND m.sent_at < $3 AND m.conv BETWEEN $5 AND $6)
SELECT 'message ' || lpad(to_hex(x.conv), 16, '0') || '/' || lpad(to_hex(x.key), 16, '0')
       || ' n ' || x.n::text AS what,
       x.sent_at, v.name, coalesce(v.stored, 'null'), coalesce(v.made, 'null')
FROM x
CROSS JOIN LATERAL (VALUES
     (true, 'state', x.state::text, x.made_state::text),
     (true, 'marks (clock)', (x.marks & 1)::text, x.made_clock::text),
     (x.judged, 'marks (findings)', (x.marks & 4)::text, x.made_findings::text),
     (NOT x.complex, 'delivered_at', x.delivered_at::text, x.made_delivered::text),
     (NOT x.complex, 'displayed_at', x.displayed_at::text, x.made_displayed::text),
     (NOT x.complex, 'marks (direct)', (x.marks & 2)::text, x.made_direct::text),
     (true, 'acks', x.acks::text, x.made_acks::text),
     (x.complex, 'marks (error)', (x.marks & 8)::text, x.made_error::text))
     AS v (applies, name, stored, made)
WHERE (x.state <> x.made_state OR x.marks & 1 <> x.made_clock
       OR (x.judged AND x.marks & 4 <> x.made_findings) OR x.acks <> x.made_acks
       OR CASE WHEN x.complex THEN x.marks & 8 <> x.made_error
               ELSE x.delivered_at IS DISTINCT FROM x.made_delivered
                    OR x.displayed_at IS DISTINCT FROM x.made_displayed
                    OR x.marks & 2 <> x.made_direct END)
  AND v.applies AND v.stored IS DISTINCT FROM v.made
ORDER BY x.sent_at, x.conv, x.key, x.n, v.name
LIMIT $4;
