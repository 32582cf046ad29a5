-- SPDX-License-Identifier: Apache-2.0
-- As unacknowledged, of a party or a domain: filters that nobody asked for would be made ready for each day.
--   $1 to $8        as there
--   $9 int8         a party, null = any
--   $10 text        domain of a party, null = any
SELECT
-- include shown_columns
       (SELECT f.jid FROM jid AS f WHERE f.id = m.from_jid),
       (SELECT t.jid FROM jid AS t WHERE t.id = m.to_jid), NULL::text
FROM (SELECT
-- include conv_columns
      FROM message AS a
      WHERE a.state < 4 AND (a.flags & 1048581) <> 0 AND a.id IS NOT NULL AND a.class <= 2
        AND a.realm = $1
        AND a.sent_at >= $2::timestamptz AND a.sent_at < $3::timestamptz
        AND ($4::timestamptz IS NULL
             OR (a.sent_at, a.conv, a.key, a.n) > ($4, $5::int8, $6::int8, $7::int4))
        AND ($9::int8 IS NULL OR a.from_jid = $9 OR a.to_jid = $9)
        AND ($10::text IS NULL OR jid_domain(a.from_jid) = $10 OR jid_domain(a.to_jid) = $10)
      ORDER BY a.sent_at, a.conv, a.key, a.n
      LIMIT $8::int8) AS m
ORDER BY m.sent_at, m.conv, m.key, m.n;
