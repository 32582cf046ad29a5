-- SPDX-License-Identifier: Apache-2.0
-- All evidence about one message that has a row of its own: of its key, and what names it by its id
-- without being about it (P3, P5, P6, P11).
--   $1 int8    conversation
--   $2 int8    key
--   $3 int8[]  ack.about of what names it
--   $4 int8    at most so many
SELECT a.kind, a.class, a.n,
       CASE WHEN a.by_resource IS NULL THEN b.jid ELSE b.jid || '/' || a.by_resource END,
       t.jid, a.own_id, coalesce(a.named, a.ref), a.condition, a.via, a.seen, a.seen_at, a.last_at,
       a.out_at, a.position, a.conv = $1 AND a.key = $2, a.real
FROM (SELECT x.*
      FROM ack AS x
      WHERE x.conv = $1 AND x.key = $2
      UNION ALL
      SELECT x.*
      FROM ack AS x
      WHERE x.class <> 0 AND x.about = ANY ($3::int8[]) AND NOT (x.conv = $1 AND x.key = $2)) AS a
LEFT JOIN jid AS b ON b.id = a.by_jid
LEFT JOIN jid AS t ON t.id = a.to_jid
WHERE a.kind <> 14
ORDER BY a.seen_at, a.position, a.kind
LIMIT $4::int8;
