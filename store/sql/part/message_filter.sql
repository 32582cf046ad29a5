-- SPDX-License-Identifier: Apache-2.0
-- What messages_page and messages_all let pass: $2 to $15 and $18 to $20 as said there; m: message.
  AND ($2::timestamptz IS NULL OR m.sent_at >= $2)
  AND ($3::timestamptz IS NULL OR m.sent_at < $3)
  AND ($4::int8[] IS NULL OR m.conv = ANY ($4))
  AND ($5::int8 IS NULL OR m.from_jid = $5)
  AND ($6::int8 IS NULL OR m.to_jid = $6)
  AND ($7::int8 IS NULL OR m.from_jid = $7 OR m.to_jid = $7)
  AND ($8::int8 IS NULL OR m.from_jid = $8 OR m.to_jid = $8)
  AND ($9::text IS NULL OR m.id = $9)
  AND ($10::text IS NULL OR m.from_jid IN (SELECT j.id FROM jid AS j WHERE j.domain = $10)
                       OR m.to_jid IN (SELECT j.id FROM jid AS j WHERE j.domain = $10))
  AND ($11::int4 IS NULL OR m.state = $11)
  AND ($12::int4 IS NULL OR m.class = $12)
  AND ($13::int4 IS NULL OR $13 = CASE WHEN m.state >= 5 THEN 0
                                     WHEN m.state = 4 THEN 1
                                     WHEN m.id IS NULL OR m.flags & 3145743 = 0 THEN 2
                                     WHEN m.sent_at > $14::timestamptz THEN 3
                                     ELSE 4 END)
  AND ($15::text IS NULL OR strpos(lower(m.body), lower($15)) > 0)
  AND ($18::text IS NULL OR m.nick = $18)
  AND ($19::int8 IS NULL OR m.key = $19)
  AND ($20::text IS NULL OR m.corrects = $20)
