-- SPDX-License-Identifier: Apache-2.0
-- Messages that may give a finding of the audit: plain ones acknowledged by an account with a known
-- roster or blocks, or after an archive had it; ones that expired at a device with known features; ones
-- read without a word. Columns as in store/message_row.c, then JIDs.
--   $1 int4         realm
--   $2 timestamptz  sent since
--   $3 timestamptz  until, exclusive
--   $4 timestamptz  what was sent up to then has expired
SELECT
-- include message_columns
       NULL::bytea, f.jid, t.jid
FROM message AS m
JOIN jid AS f ON f.id = m.from_jid
JOIN jid AS t ON t.id = m.to_jid
WHERE m.realm = $1 AND m.sent_at >= $2 AND m.sent_at < $3 AND m.class <> 5
  AND CASE
      WHEN m.state < 4
      THEN m.flags & 1 <> 0 AND m.id IS NOT NULL AND m.sent_at <= $4 AND m.facts IS NOT NULL
           AND m.to_jid IN (SELECT k.about FROM known AS k WHERE k.realm = $1 AND k.kind IN (0, 1))
      WHEN m.read_inferred_at IS NOT NULL AND m.displayed_at IS NULL AND m.flags & 2097162 <> 0
           AND m.id IS NOT NULL AND m.sent_at <= $4
      THEN true
      ELSE m.marks & 32 = 0 AND (m.receipt_first IS NOT NULL OR m.marker_first IS NOT NULL)
           AND (m.to_jid IN (SELECT k.about FROM known AS k
                             WHERE k.realm = $1 AND k.kind IN (3, 5, 6))
                OR (m.conv, m.key) IN (SELECT s.conv, s.key
                                       FROM archive_seen AS s WHERE s.realm = $1))
      END;
