-- SPDX-License-Identifier: Apache-2.0
-- Plain messages that were acknowledged by an account with a known roster or blocks, or after an archive had them: may
-- give a finding of the audit. Not asked where nothing is known. Columns as in store/message_row.c, then JIDs.
--   $1 int4         realm
--   $2 timestamptz  sent since
--   $3 timestamptz  until, exclusive
SELECT
-- include message_columns
       NULL::bytea, f.jid, t.jid
FROM message AS m
JOIN jid AS f ON f.id = m.from_jid
JOIN jid AS t ON t.id = m.to_jid
WHERE m.realm = $1 AND m.sent_at >= $2 AND m.sent_at < $3 AND m.class <> 5 AND m.state >= 4
  AND m.marks & 32 = 0 AND (m.receipt_first IS NOT NULL OR m.marker_first IS NOT NULL)
  AND (m.to_jid IN (SELECT k.about FROM known AS k WHERE k.realm = $1 AND k.kind IN (3, 5, 6))
       OR (m.conv, m.key) IN (SELECT s.conv, s.key FROM archive_seen AS s WHERE s.realm = $1));
