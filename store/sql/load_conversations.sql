-- SPDX-License-Identifier: Apache-2.0
-- Stored rows of wanted keys of conversations that want many: one walk per conversation. Inside
-- CASE the list of keys stays a hashed look-up and does not become a join. Columns as load_keys.
--   $1 int8[]         conversation
--   $2 int8[]         keys, of all of them
--   $3 timestamptz[]  from
--   $4 timestamptz[]  to, inclusive
--   $5 timestamptz[]  days (put_in_days)
SELECT m.conv, m.sent_at, m.key, m.n, m.realm, m.from_jid, m.to_jid, m.id, m.from_resource,
       m.nick, m.type, m.class, m.state, m.flags, m.digest, m.last_at, m.composed_at,
       m.accepted_at, m.stored_at, m.routed_at, m.delivered_at, m.delivered_via,
       m.displayed_at, m.displayed_via, m.upto_delivered_at, m.upto_displayed_at, m.failed_at,
       m.error, m.retracted_at, m.corrects, m.resends, m.acks, m.acks_dup, m.marks, m.source,
       m.thread, m.receipt_first, m.receipt_last, m.receipt_own, m.marker_first, m.marker_last,
       m.marker_own, m.ack_resource, m.receipt_pos, m.marker_pos, m.sent_pos, m.delivered_pos,
       m.displayed_pos, m.failed_pos, m.body_bytes, m.facts, m.reaction_at,
       m.reply_at, m.mds_at, m.read_inferred_at, m.read_via, m.response_ms, m.device, m.tie,
       f.jid, t.jid
FROM unnest($1::int8[], $3::timestamptz[], $4::timestamptz[]) AS w (conv, lo, hi)
JOIN message AS m
  ON m.conv = w.conv AND m.sent_at BETWEEN w.lo AND w.hi AND in_days(m.sent_at, $5::timestamptz[])
 AND CASE WHEN m.key IN (SELECT unnest($2::int8[])) THEN true ELSE false END
LEFT JOIN jid AS f ON f.id = m.from_jid
LEFT JOIN jid AS t ON t.id = m.to_jid;
