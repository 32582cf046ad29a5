-- SPDX-License-Identifier: Apache-2.0
-- Changed rows; sent_at may move to another day. A stored body stays, and is not read (F190).
--   $1 timestamptz[]  sent_at as stored
--   $2 int4[]         n as stored (-n: parked)
--   $3 ... $62        columns as in store/message_row.c, arrays
--   $63 timestamptz[]  days (put_in_days)
UPDATE message AS m
SET sent_at = u.sent_at, n = u.n, from_jid = u.from_jid, from_resource = u.from_resource,
    nick = u.nick, type = u.type, class = u.class, state = u.state, flags = u.flags,
    digest = u.digest, last_at = u.last_at, composed_at = u.composed_at,
    accepted_at = u.accepted_at, stored_at = u.stored_at, routed_at = u.routed_at,
    delivered_at = u.delivered_at, delivered_via = u.delivered_via,
    displayed_at = u.displayed_at, displayed_via = u.displayed_via,
    upto_delivered_at = u.upto_delivered_at, upto_displayed_at = u.upto_displayed_at,
    failed_at = u.failed_at, error = u.error, retracted_at = u.retracted_at,
    corrects = u.corrects, resends = u.resends, acks = u.acks, acks_dup = u.acks_dup,
    marks = u.marks, source = u.source, thread = u.thread, receipt_first = u.receipt_first,
    receipt_last = u.receipt_last, receipt_own = u.receipt_own, marker_first = u.marker_first,
    marker_last = u.marker_last, marker_own = u.marker_own, ack_resource = u.ack_resource,
    receipt_pos = u.receipt_pos, marker_pos = u.marker_pos, sent_pos = u.sent_pos,
    delivered_pos = u.delivered_pos, displayed_pos = u.displayed_pos,
    failed_pos = u.failed_pos, body_bytes = u.body_bytes, facts = u.facts,
    reaction_at = u.reaction_at,
    reply_at = u.reply_at, mds_at = u.mds_at, device = u.device, tie = u.tie, commit = u.commit
FROM unnest($1::timestamptz[], $2::int4[], $3::int8[], $4::timestamptz[], $5::int8[],
            $6::int4[], $7::int4[], $8::int8[], $9::int8[], $10::text[], $11::text[],
            $12::text[], $13::int2[], $14::int2[], $15::int2[], $16::int4[], $17::int8[],
            $18::timestamptz[], $19::timestamptz[], $20::timestamptz[], $21::timestamptz[],
            $22::timestamptz[], $23::timestamptz[], $24::int2[], $25::timestamptz[],
            $26::int2[], $27::timestamptz[], $28::timestamptz[], $29::timestamptz[],
            $30::text[], $31::timestamptz[], $32::text[], $33::int4[], $34::int4[],
            $35::int4[], $36::int2[], $37::int4[], $38::int8[], $39::timestamptz[],
            $40::timestamptz[], $41::text[], $42::timestamptz[], $43::timestamptz[],
            $44::text[], $45::text[], $46::int8[], $47::int8[], $48::int8[], $49::int8[],
            $50::int8[], $51::int8[], $52::int4[], $53::bytea[], $54::timestamptz[],
            $55::timestamptz[], $56::timestamptz[], $57::timestamptz[], $58::int2[], $59::int8[],
            $60::int8[], $61::bytea[], $62::int8[])
     AS u (old_at, old_n, conv, sent_at, key, n, realm, from_jid, to_jid, id, from_resource,
           nick, type, class, state, flags, digest, last_at, composed_at, accepted_at, stored_at,
           routed_at, delivered_at, delivered_via, displayed_at, displayed_via,
           upto_delivered_at, upto_displayed_at, failed_at, error, retracted_at, corrects,
           resends, acks, acks_dup, marks, source, thread, receipt_first, receipt_last,
           receipt_own, marker_first, marker_last, marker_own, ack_resource, receipt_pos,
           marker_pos, sent_pos, delivered_pos, displayed_pos, failed_pos, body_bytes, facts,
           reaction_at, reply_at, mds_at, read_inferred_at, read_via, response_ms, device, tie,
           commit)
WHERE m.conv = u.conv AND m.sent_at = u.old_at AND m.key = u.key AND m.n = u.old_n
  AND in_days(m.sent_at, $63::timestamptz[]);
