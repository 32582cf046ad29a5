-- SPDX-License-Identifier: Apache-2.0
-- As unacknowledged, of a party or a domain: filters that nobody asked for would be made ready for each day.
--   $1 to $8        as there
--   $9 int8         a party, null = any
--   $10 text        domain of a party, null = any
-- include open_rows
        AND ($9::int8 IS NULL OR a.from_jid = $9 OR a.to_jid = $9)
        AND ($10::text IS NULL OR jid_domain(a.from_jid) = $10 OR jid_domain(a.to_jid) = $10)
      ORDER BY a.sent_at, a.conv, a.key, a.n
      LIMIT $8::int8) AS m
ORDER BY m.sent_at, m.conv, m.key, m.n;
