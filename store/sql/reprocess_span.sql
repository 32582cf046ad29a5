-- SPDX-License-Identifier: Apache-2.0
-- The smallest run of whole UTC days around an interval whose ends nothing crosses: no source, no
-- conversation, no id, no finding. What is inside can be made anew, what is outside stays.
--   $1 int4         realm
--   $2 timestamptz  since, $3 timestamptz until; null = open
--   $4 text         a source: its own time is the interval where since or until is open
WITH row AS (
     SELECT m.conv, m.sent_pos >> 43 AS generation, m.sent_at AS lo,
            greatest(m.sent_at, m.last_at, m.accepted_at, m.stored_at, m.routed_at, m.delivered_at,
                     m.displayed_at, m.upto_delivered_at, m.upto_displayed_at, m.failed_at,
                     m.retracted_at, m.receipt_last, m.marker_last, m.reaction_at, m.reply_at,
                     m.mds_at, m.read_inferred_at) AS hi,
            least(m.accepted_at, m.routed_at, m.delivered_at, m.displayed_at, m.failed_at,
                  m.receipt_first, m.marker_first) AS early
     FROM message AS m
     WHERE m.realm = $1
     UNION ALL
     SELECT a.conv, a.position >> 43, a.seen_at, greatest(a.seen_at, a.last_at), NULL
     FROM ack AS a
     WHERE a.realm = $1
     UNION ALL
     SELECT s.conv, NULL, s.at, s.at, NULL
     FROM sent_id AS s
     WHERE s.realm = $1
     UNION ALL
     SELECT a.conv, NULL, a.at, a.at, NULL
     FROM archive_seen AS a
     WHERE a.realm = $1
     UNION ALL
     SELECT c.conv, c.position >> 43, c.at, c.at, NULL
     FROM chat_state AS c
     WHERE c.realm = $1),
from_generation AS (
     SELECT r.generation, min(r.lo) AS lo, max(r.lo) AS hi FROM row AS r GROUP BY r.generation),
from_source AS (
     SELECT g.source, least(min(g.first_at), min(f.lo)) AS lo, greatest(max(g.last_at), max(f.hi)) AS hi
     FROM generation AS g
     LEFT JOIN from_generation AS f ON f.generation = g.id
     WHERE g.realm = $1
     GROUP BY g.source),
wanted AS (
     SELECT coalesce($2::timestamptz, (SELECT min(f.lo) FROM from_source AS f
                                       JOIN source AS s ON s.id = f.source AND s.name = $4),
                     '-infinity') AS since,
            coalesce($3::timestamptz, (SELECT max(f.hi) + interval '1 microsecond'
                                       FROM from_source AS f
                                       JOIN source AS s ON s.id = f.source AND s.name = $4),
                     'infinity') AS until),
id AS (
     SELECT s.hash, s.at FROM sent_id AS s WHERE s.realm = $1
     UNION ALL
     SELECT a.about, a.seen_at FROM ack AS a WHERE a.realm = $1 AND (a.class <> 0 OR a.borrowed)
     UNION ALL
     SELECT a.about_self, a.seen_at FROM ack AS a
     WHERE a.realm = $1 AND (a.class <> 0 OR a.borrowed)),
span AS (
     SELECT f.lo, f.hi FROM from_source AS f
     UNION ALL
     SELECT least(min(r.lo), min(r.early)), max(r.hi) FROM row AS r GROUP BY r.conv
     UNION ALL
     SELECT min(i.at), max(i.at) FROM id AS i GROUP BY i.hash HAVING min(i.at) < max(i.at)
     UNION ALL
     SELECT f.first_at, f.last_at FROM finding AS f WHERE f.realm = $1
     UNION ALL
     SELECT k.first_at, k.last_at FROM known AS k WHERE k.realm = $1),
day AS (
     SELECT DISTINCT date_trunc('day', s.lo, 'UTC') AS lo,
            date_trunc('day', s.hi, 'UTC') + interval '24 hours' AS hi
     FROM span AS s
     WHERE s.lo IS NOT NULL),
joint AS (
     SELECT d.lo, d.hi, max(d.hi) OVER (ORDER BY d.lo, d.hi ROWS BETWEEN UNBOUNDED PRECEDING
                                        AND 1 PRECEDING) AS reached
     FROM day AS d),
numbered AS (
     SELECT j.lo, j.hi, count(*) FILTER (WHERE j.reached IS NULL OR j.reached <= j.lo)
                        OVER (ORDER BY j.lo, j.hi) AS island
     FROM joint AS j),
island AS (
     SELECT min(n.lo) AS lo, max(n.hi) AS hi FROM numbered AS n GROUP BY n.island)
SELECT min(i.lo), max(i.hi)
FROM island AS i, wanted AS w
WHERE i.lo < w.until AND i.hi > w.since;
