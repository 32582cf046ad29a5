-- SPDX-License-Identifier: Apache-2.0
-- Messages of a day: commit, row key, JIDs, the rest, what is personal, bodies;
-- how many of each: store/seal_kinds.c.
--   $1 int8  commit, exclusive
--   $2 int8  commit, inclusive
--   $3 date  UTC day
SELECT r
FROM (SELECT m.commit, m.conv, m.sent_at, m.key, m.n, m.from_jid, m.to_jid, m.realm, m.type, m.class,
             m.state, m.flags, m.last_at, m.composed_at, m.accepted_at, m.stored_at, m.routed_at,
             m.delivered_at, m.delivered_via, m.displayed_at, m.displayed_via, m.upto_delivered_at,
             m.upto_displayed_at, m.failed_at, m.retracted_at, m.resends, m.acks, m.acks_dup, m.marks,
             m.source, m.receipt_first, m.receipt_last, m.marker_first, m.marker_last, m.receipt_pos,
             m.marker_pos, m.sent_pos, m.delivered_pos, m.displayed_pos, m.failed_pos, m.reaction_at,
             m.reply_at, m.mds_at, m.read_inferred_at, m.read_via, m.response_ms, m.id, m.from_resource,
             m.nick, m.error, m.corrects, m.receipt_own, m.marker_own, m.ack_resource, m.thread, m.digest,
             m.device, m.body_bytes, m.facts, m.body, m.tie
      FROM message AS m
      WHERE m.commit > $1 AND m.commit <= $2
        AND m.sent_at >= $3::date::timestamp AT TIME ZONE 'UTC'
        AND m.sent_at < ($3::date + 1)::timestamp AT TIME ZONE 'UTC'
      ORDER BY m.conv, m.sent_at, m.key, m.n) AS r;
