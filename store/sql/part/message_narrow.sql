-- SPDX-License-Identifier: Apache-2.0
-- What of messages_page tells apart what metrics do (store/narrow.h), in the terms of rollup_facts() and
-- failure_condition(); m: message.
--   $26 text    condition of an error, $27 text domain of the sender, $28 text of the recipient
--   $29 int4    0 of a counted class, 1 requested (F2), 2 read requested (F3)
--   $30 int4    0 accepted, 1 stored, 2 routed, 3 delivered, 4 displayed, 5 retracted; or further
--   $31 int8    confirmed after at least so many ms, $32 int8 after less
--   $33 int4    device: 0 one of $34 to $36, 1 none that is known, 2 any other
--   $34 int8[]  devices on all days, $35 int8[] devices, $36 date[] each on that day
  AND ($26::text IS NULL OR (m.error IS NOT NULL AND failure_condition(m.error) = $26))
  AND ($27::text IS NULL OR m.from_jid IN (SELECT j.id FROM jid AS j WHERE j.domain = $27))
  AND ($28::text IS NULL OR m.to_jid IN (SELECT j.id FROM jid AS j WHERE j.domain = $28))
  AND ($29::int4 IS NULL OR CASE $29
       WHEN 0 THEN m.class <= 2
       WHEN 1 THEN m.class <= 2 AND m.id IS NOT NULL AND m.flags & 1048581 <> 0
       ELSE m.class < 2 AND m.id IS NOT NULL AND m.flags & 2097162 <> 0 AND m.state <> 4
            AND (m.retracted_at IS NULL OR coalesce(m.displayed_at <= m.retracted_at, false)) END)
  AND ($30::int4 IS NULL OR CASE $30
       WHEN 0 THEN m.accepted_at IS NOT NULL OR m.stored_at IS NOT NULL OR m.routed_at IS NOT NULL
                   OR m.state >= 5
       WHEN 1 THEN m.stored_at IS NOT NULL
       WHEN 2 THEN m.routed_at IS NOT NULL OR m.state >= 5
       WHEN 3 THEN m.state >= 5
       WHEN 4 THEN m.displayed_at IS NOT NULL
       ELSE m.retracted_at IS NOT NULL END)
  AND ($31::int8 IS NULL OR took_ms(m.sent_at, m.delivered_at, m.displayed_at, m.state, m.marks) >= $31)
  AND ($32::int8 IS NULL OR took_ms(m.sent_at, m.delivered_at, m.displayed_at, m.state, m.marks) < $32)
  AND ($33::int4 IS NULL OR CASE $33
       WHEN 0 THEN m.device = ANY ($34::int8[])
                   OR (m.device, (m.sent_at AT TIME ZONE 'UTC')::date)
                      IN (SELECT d.device, d.day FROM unnest($35::int8[], $36::date[]) AS d (device, day))
       WHEN 1 THEN m.device = 0
       ELSE m.device <> 0 AND m.device <> ALL ($34)
            AND (m.device, (m.sent_at AT TIME ZONE 'UTC')::date)
                NOT IN (SELECT d.device, d.day FROM unnest($35, $36) AS d (device, day)) END)
