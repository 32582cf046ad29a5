-- SPDX-License-Identifier: Apache-2.0
-- All evidence of a range of conversations that was seen in a span. Columns as load_acks.
--   $1 int4         realm
--   $2 timestamptz  since
--   $3 timestamptz  until, exclusive
--   $4 int8         first conversation
--   $5 int8         last conversation
SELECT r FROM (
SELECT a.conv, a.key,
       CASE WHEN a.by_resource IS NULL THEN b.jid ELSE b.jid || '/' || a.by_resource END AS by,
       t.jid AS to, a.ref, a.about, a.about_self, a.kind, a.by_resource, a.own_id, a.seen_at,
       a.last_at, a.thread, a.condition, a.position, a.borrowed, a.class, a.n,
       a.lent_conv, a.lent_key, a.leg, a.sig, a.seen, a.via, a.named, a.real, a.out_at,
       a.tie, a.mark_device, a.mark_at, a.mark_target, a.mark_bits, a.mark_tie
FROM ack AS a
LEFT JOIN jid AS b ON b.id = a.by_jid
LEFT JOIN jid AS t ON t.id = a.to_jid
WHERE a.realm = $1 AND a.seen_at >= $2 AND a.seen_at < $3 AND a.conv BETWEEN $4 AND $5
) AS r;
