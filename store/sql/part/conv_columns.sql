-- SPDX-License-Identifier: Apache-2.0
-- What a page shows or filters by: shown_columns, the two parties and the body.
                       a.conv, a.sent_at, a.key, a.n, a.realm, a.id, a.from_resource, a.nick, a.type, a.class, a.state,
                       a.flags, a.composed_at, a.accepted_at, a.stored_at, a.routed_at, a.delivered_at,
                       a.delivered_via, a.displayed_at, a.displayed_via, a.failed_at, a.error, a.retracted_at,
                       a.corrects, a.resends, a.marks, a.thread, a.receipt_first, a.marker_first,
                       a.ack_resource, a.read_inferred_at, a.read_via, a.response_ms, a.from_jid, a.to_jid,
                       a.body
