-- SPDX-License-Identifier: Apache-2.0
-- Accounts and rooms that have messages in a conversation and are not in the list by which messages of an
-- account are found. The list may hold more: it outlives messages, and an occupant may turn out to be an
-- account. Of persons who were erased it holds nothing.
--   $1 int4         realm
--   $2 timestamptz  since: a UTC day
--   $3 timestamptz  until, exclusive: a UTC day
--   $4 int8         at most so many
--   $5 int8         first conversation
--   $6 int8         last conversation
SELECT 'party of conversation ' || lpad(to_hex(x.conv), 16, '0') AS what, x.at,
       coalesce(j.jid, lpad(to_hex(x.jid), 16, '0')),
       CASE WHEN p.conv IS NULL THEN 'missing' ELSE 'of realm ' || p.realm::text END,
       'there'
FROM (SELECT m.conv, v.jid, min(m.sent_at) AS at
      FROM message AS m
      CROSS JOIN LATERAL (VALUES (m.from_jid), (m.to_jid)) AS v (jid)
      WHERE m.realm = $1 AND m.sent_at >= $2 AND m.sent_at < $3 AND m.conv BETWEEN $5 AND $6
      GROUP BY m.conv, v.jid) AS x
LEFT JOIN party AS p ON p.jid = x.jid AND p.conv = x.conv
LEFT JOIN jid AS j ON j.id = x.jid
WHERE p.realm IS DISTINCT FROM $1
  AND NOT (p.conv IS NULL AND j.jid ~ '(^|/)erased:' AND EXISTS (SELECT FROM erased_conv AS g WHERE g.conv = x.conv))
ORDER BY x.conv, x.jid
LIMIT $4;
