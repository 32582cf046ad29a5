-- SPDX-License-Identifier: Apache-2.0
-- Acks of one message that have rows of their own, with the facts of their message. Columns as
-- audit_acks.
--   $1 int8  conversation
--   $2 int8  key
SELECT a.conv, a.key,
       CASE WHEN a.by_resource IS NULL THEN b.jid ELSE b.jid || '/' || a.by_resource END AS by,
       t.jid AS to, a.ref, a.kind, a.by_resource, a.seen_at, a.position, a.class, a.n, a.seen,
       a.out_at, m.facts, m.marks & 32 <> 0 AS complex
FROM ack AS a
JOIN jid AS b ON b.id = a.by_jid
JOIN jid AS t ON t.id = a.to_jid
LEFT JOIN message AS m
  ON m.conv = a.conv AND m.key = a.key AND m.n = a.n AND a.class = 0
WHERE a.conv = $1 AND a.key = $2 AND a.kind <= 6 AND NOT a.borrowed AND a.leg = 0;
