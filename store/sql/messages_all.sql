-- SPDX-License-Identifier: Apache-2.0
-- All messages that pass, in the order of the export. Rows without an id are numbered here over
-- all their days (M4): a batch sees only some of them. Columns as messages_page.
--   $1 int4         realm; 0 = all
--   $2 timestamptz  since, null = open
--   $3 timestamptz  until, exclusive, null = open
--   $4 int8[]       conversations, null = any
--   $5 int8         sender, $6 int8 recipient
--   $7 int8         a party, $8 int8 the other one
--   $9 text         id
--   $10 text        domain of a party
--   $11 int4        state, $12 int4 class, $13 int4 verdict
--   $14 timestamptz what was sent later is pending, else expired
--   $15 text        in the body, whatever the case
--   $16 bool        with body
--   $17 bool        with devices (rows with facts of their own)
SELECT r FROM (
SELECT m.conv, m.sent_at, m.key, m.n, m.realm, m.from_jid, m.to_jid, m.id, m.from_resource,
       m.nick, m.type, m.class, m.state, m.flags, m.digest, m.last_at, m.composed_at,
       m.accepted_at, m.stored_at, m.routed_at, m.delivered_at, m.delivered_via,
       m.displayed_at, m.displayed_via, m.upto_delivered_at, m.upto_displayed_at, m.failed_at,
       m.error, m.retracted_at, m.corrects, m.resends, m.acks, m.acks_dup, m.marks, m.source,
       m.thread, m.receipt_first, m.receipt_last, m.receipt_own, m.marker_first, m.marker_last,
       m.marker_own, m.ack_resource, m.receipt_pos, m.marker_pos, m.sent_pos, m.delivered_pos,
       m.displayed_pos, m.failed_pos, m.body_bytes, m.facts, m.reaction_at,
       m.reply_at, m.mds_at, m.read_inferred_at, m.read_via, m.response_ms,
       NULL::bytea, f.jid, t.jid, CASE WHEN $16 THEN m.body END, coalesce(r.shown, m.n)::int4 AS shown,
       d.device, d.delivered, d.displayed, p.who, p.displayed, p.received
FROM message AS m
LEFT JOIN jid AS f ON f.id = m.from_jid
LEFT JOIN jid AS t ON t.id = m.to_jid
LEFT JOIN (SELECT x.conv, x.sent_at, x.key, x.n,
                  row_number() OVER (PARTITION BY x.conv, x.key ORDER BY x.sent_at, x.n) AS shown
           FROM message AS x
           WHERE x.id IS NULL AND x.class < 8 AND ($1 = 0 OR x.realm = $1)) AS r
  ON m.id IS NULL AND r.conv = m.conv AND r.sent_at = m.sent_at AND r.key = m.key AND r.n = m.n
LEFT JOIN LATERAL (
     SELECT array_agg(g.device ORDER BY g.device COLLATE "C") AS device,
            array_agg(g.delivered ORDER BY g.device COLLATE "C") AS delivered,
            array_agg(g.displayed ORDER BY g.device COLLATE "C") AS displayed
     FROM (SELECT j.jid || coalesce('/' || a.by_resource, '') AS device,
                  min(a.seen_at) FILTER (WHERE a.kind IN (0, 1, 5)) AS delivered,
                  min(a.seen_at) FILTER (WHERE a.kind IN (2, 3, 6)) AS displayed
           FROM ack AS a
           JOIN jid AS j ON j.id = a.by_jid
           WHERE $17 AND m.marks & 32 <> 0 AND a.conv = m.conv AND a.key = m.key
             AND a.n = m.n AND a.class = 0 AND a.kind IN (0, 1, 2, 3, 5, 6)
             AND a.seen_at >= m.sent_at - interval '1 day'
           GROUP BY 1) AS g) AS d ON true
LEFT JOIN LATERAL (
     SELECT array_agg(g.who ORDER BY g.who COLLATE "C") AS who,
            array_agg(g.displayed ORDER BY g.who COLLATE "C") AS displayed,
            array_agg(g.received ORDER BY g.who COLLATE "C") AS received
     FROM room_readers(m.conv, m.sent_at, m.key, m.n, f.jid, m.nick, m.thread, m.marks & 8 <> 0,
          (SELECT make_interval(secs => (r.rules ->> 'w_upto')::float8)
           FROM realm AS r WHERE r.id = m.realm)) AS g
     WHERE $17 AND m.class = 5) AS p ON true
WHERE m.class < 8 AND ($1 = 0 OR m.realm = $1)
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
ORDER BY m.sent_at, f.jid COLLATE "C", t.jid COLLATE "C", m.id COLLATE "C" NULLS FIRST, shown,
         m.key
) AS r;
