-- SPDX-License-Identifier: Apache-2.0
-- New message rows; columns as in store/message_row.c.
COPY message (conv, sent_at, key, n, realm, from_jid, to_jid, id, from_resource, nick, type, class,
       state, flags, digest, last_at, composed_at, accepted_at, stored_at, routed_at,
       delivered_at, delivered_via, displayed_at, displayed_via, upto_delivered_at,
       upto_displayed_at, failed_at, error, retracted_at, corrects, resends, acks, acks_dup,
       marks, source, thread, receipt_first, receipt_last, receipt_own, marker_first,
       marker_last, marker_own, ack_resource, receipt_pos, marker_pos, sent_pos, delivered_pos,
       displayed_pos, failed_pos, body_bytes, facts, reaction_at, reply_at, mds_at,
       read_inferred_at, read_via, response_ms, device, tie, commit, body)
FROM STDIN (FORMAT binary)
