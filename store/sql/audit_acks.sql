-- SPDX-License-Identifier: Apache-2.0
-- Acks with rows of their own: by accounts with a known roster or blocks, or about what an archive gave
-- out (these with the facts of their message).
--   $1 int4         realm
--   $2 timestamptz  seen since
--   $3 timestamptz  until, exclusive
SELECT a.conv, a.key,
       CASE WHEN a.by_resource IS NULL THEN b.jid ELSE b.jid || '/' || a.by_resource END AS by,
       t.jid AS to, a.ref, a.kind, a.by_resource, a.seen_at, a.position, a.class, a.n, a.seen,
       a.out_at, m.facts, m.marks & 32 <> 0 AS complex
FROM ack AS a
JOIN jid AS b ON b.id = a.by_jid
JOIN jid AS t ON t.id = a.to_jid
LEFT JOIN message AS m
  ON m.conv = a.conv AND m.key = a.key AND m.n = a.n AND a.class = 0
 AND (a.conv, a.key) IN (SELECT s.conv, s.key FROM archive_seen AS s WHERE s.realm = $1)
WHERE a.realm = $1 AND a.seen_at >= $2 AND a.seen_at < $3
  AND a.kind <= 6 AND NOT a.borrowed AND a.leg = 0
  AND (a.by_jid IN (SELECT k.about FROM known AS k WHERE k.realm = $1 AND k.kind IN (3, 5, 6))
       OR (a.conv, a.key) IN (SELECT s.conv, s.key FROM archive_seen AS s WHERE s.realm = $1));
