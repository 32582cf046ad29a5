-- SPDX-License-Identifier: Apache-2.0
-- Columns of a message that is shown, in the order of shown_columns (store/read_messages.h).
m.conv, m.sent_at, m.key, m.n, m.realm, m.id, m.from_resource, m.nick, m.type, m.class, m.state, m.flags,
       m.composed_at, m.accepted_at, m.stored_at, m.routed_at, m.delivered_at, m.delivered_via, m.displayed_at,
       m.displayed_via, m.failed_at, m.error, m.retracted_at, m.corrects, m.resends, m.marks, m.thread,
       m.receipt_first, m.marker_first, m.ack_resource, m.read_inferred_at, m.read_via, m.response_ms,
