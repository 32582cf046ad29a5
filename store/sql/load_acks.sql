-- SPDX-License-Identifier: Apache-2.0
-- Evidence rows of wanted keys, each within its own span of time.
--   $1 int8[]         conversation
--   $2 int8[]         key
--   $3 timestamptz[]  from
--   $4 timestamptz[]  to, inclusive
--   $5 timestamptz[]  days (put_in_days)
SELECT r FROM (
SELECT a.conv, a.key,
       CASE WHEN a.by_resource IS NULL THEN b.jid ELSE b.jid || '/' || a.by_resource END AS by,
       t.jid AS to, a.ref, a.about, a.about_self, a.kind, a.by_resource, a.own_id, a.seen_at,
       a.last_at, a.thread, a.condition, a.position, a.borrowed, a.class, a.n,
       a.lent_conv, a.lent_key, a.leg, a.sig, a.seen, a.via, a.named, a.real, a.out_at,
       a.tie, a.mark_device, a.mark_at, a.mark_target, a.mark_bits, a.mark_tie
FROM unnest($1::int8[], $2::int8[], $3::timestamptz[], $4::timestamptz[]) AS w (conv, key, lo, hi)
JOIN ack AS a ON a.conv = w.conv AND a.seen_at BETWEEN w.lo AND w.hi AND a.key = w.key
 AND in_days(a.seen_at, $5::timestamptz[])
LEFT JOIN jid AS b ON b.id = a.by_jid
LEFT JOIN jid AS t ON t.id = a.to_jid
) AS r;
