-- SPDX-License-Identifier: Apache-2.0
-- What a row of message counts as, in the order of store/counted_row.c; f and t are its two JIDs.
       m.conv, m.sent_at, m.key, m.n, m.id, m.type, m.class, m.state, m.flags, m.stored_at,
       m.routed_at, m.delivered_at, m.delivered_via, m.displayed_at, m.displayed_via,
       m.upto_delivered_at, m.upto_displayed_at, m.failed_at, m.retracted_at, m.resends, m.acks,
       m.acks_dup, m.marks, m.thread, m.mds_at, m.read_inferred_at, m.response_ms, m.error,
       m.device, f.jid, t.jid, m.accepted_at
