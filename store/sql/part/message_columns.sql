-- SPDX-License-Identifier: Apache-2.0
-- Columns of message but tie, body, commit, in the order of store/message_row.c.
       m.conv, m.sent_at, m.key, m.n, m.realm, m.from_jid, m.to_jid, m.id, m.from_resource,
       m.nick, m.type, m.class, m.state, m.flags, m.digest, m.last_at, m.composed_at,
       m.accepted_at, m.stored_at, m.routed_at, m.delivered_at, m.delivered_via,
       m.displayed_at, m.displayed_via, m.upto_delivered_at, m.upto_displayed_at, m.failed_at,
       m.error, m.retracted_at, m.corrects, m.resends, m.acks, m.acks_dup, m.marks, m.source,
       m.thread, m.receipt_first, m.receipt_last, m.receipt_own, m.marker_first, m.marker_last,
       m.marker_own, m.ack_resource, m.receipt_pos, m.marker_pos, m.sent_pos, m.delivered_pos,
       m.displayed_pos, m.failed_pos, m.body_bytes, m.facts, m.reaction_at,
       m.reply_at, m.mds_at, m.read_inferred_at, m.read_via, m.response_ms, m.device,
