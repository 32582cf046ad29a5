-- SPDX-License-Identifier: Apache-2.0
-- Unpaired evidence that waits for one of these (sender, id), and legs of room stanzas that wait for
-- who is who. A row may come twice. Columns as load_acks.
--   $1 int8[]  hashes
--   $2 int4    realm
WITH w AS (SELECT unnest($1::int8[]) AS hash),
     a AS (SELECT x.* FROM ack AS x JOIN w ON x.about = w.hash
           WHERE x.class <> 0 AND x.realm = $2
           UNION ALL
           SELECT x.* FROM ack AS x JOIN w ON x.about_self = w.hash
           WHERE (x.class <> 0 OR (x.leg <> 0 AND x.about_self <> 0)) AND x.realm = $2)
SELECT a.conv, a.key,
       CASE WHEN a.by_resource IS NULL THEN b.jid ELSE b.jid || '/' || a.by_resource END AS by,
       t.jid AS to, a.ref, a.about, a.about_self, a.kind, a.by_resource, a.own_id, a.seen_at,
       a.last_at, a.thread, a.condition, a.position, a.borrowed, a.class, a.n,
       a.lent_conv, a.lent_key, a.leg, a.sig, a.seen, a.via, a.named, a.real, a.out_at,
       a.tie, a.mark_device, a.mark_at, a.mark_target, a.mark_bits, a.mark_tie
FROM a
LEFT JOIN jid AS b ON b.id = a.by_jid
LEFT JOIN jid AS t ON t.id = a.to_jid;
