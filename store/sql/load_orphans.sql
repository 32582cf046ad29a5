-- SPDX-License-Identifier: Apache-2.0
-- Unpaired evidence that waits for one of these (sender, id), and legs of room stanzas that wait for
-- who is who, each on a day of its own (known_keys). A row may come twice. Columns as load_acks.
--   $1 int8[]         hashes
--   $2 timestamptz[]  from
--   $3 timestamptz[]  to, inclusive
--   $4 timestamptz[]  days (put_in_days)
--   $5 int4           realm
SELECT r FROM (
SELECT a.conv, a.key,
       CASE WHEN a.by_resource IS NULL THEN b.jid ELSE b.jid || '/' || a.by_resource END AS by,
       t.jid AS to, a.ref, a.about, a.about_self, a.kind, a.by_resource, a.own_id, a.seen_at,
       a.last_at, a.thread, a.condition, a.position, a.borrowed, a.class, a.n,
       a.lent_conv, a.lent_key, a.leg, a.sig, a.seen, a.via, a.named, a.real, a.out_at,
       a.tie, a.mark_device, a.mark_at, a.mark_target, a.mark_bits, a.mark_tie
FROM (SELECT x.* FROM unnest($1::int8[], $2::timestamptz[], $3::timestamptz[]) AS w (hash, lo, hi)
      JOIN ack AS x ON x.about = w.hash AND x.seen_at BETWEEN w.lo AND w.hi
       AND in_days(x.seen_at, $4::timestamptz[])
      WHERE x.class <> 0 AND x.realm = $5
      UNION ALL
      SELECT x.* FROM unnest($1::int8[], $2::timestamptz[], $3::timestamptz[]) AS w (hash, lo, hi)
      JOIN ack AS x ON x.about_self = w.hash AND x.seen_at BETWEEN w.lo AND w.hi
       AND in_days(x.seen_at, $4::timestamptz[])
      WHERE (x.class <> 0 OR (x.leg <> 0 AND x.about_self <> 0)) AND x.realm = $5) AS a
LEFT JOIN jid AS b ON b.id = a.by_jid
LEFT JOIN jid AS t ON t.id = a.to_jid
) AS r;
