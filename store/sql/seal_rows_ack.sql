-- SPDX-License-Identifier: Apache-2.0
-- Evidence of a day: commit, row key, JIDs, the rest, what is personal;
-- how many of each: store/seal_kinds.c.
--   $1 int8  commit, exclusive
--   $2 int8  commit, inclusive
--   $3 date  UTC day
SELECT r
FROM (SELECT a.commit, a.conv, a.seen_at, a.key, a.position, a.by_jid, a.kind, a.to_jid, a.realm, a.class,
             a.n, a.last_at, a.out_at, a.borrowed, a.lent_conv, a.lent_key, a.leg, a.seen, a.via,
             a.mark_at, a.mark_target, a.mark_bits, a.by_resource, a.own_id, a.ref, a.condition, a.thread,
             a.about, a.about_self, a.sig, a.named, a.real, a.tie, a.mark_device, a.mark_tie
      FROM ack AS a
      WHERE a.commit > $1 AND a.commit <= $2
        AND a.seen_at >= $3::date::timestamp AT TIME ZONE 'UTC'
        AND a.seen_at < ($3::date + 1)::timestamp AT TIME ZONE 'UTC'
      ORDER BY a.conv, a.seen_at, a.key, a.position, a.by_jid, a.kind) AS r;
