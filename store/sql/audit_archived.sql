-- SPDX-License-Identifier: Apache-2.0
-- What was given out of archives before it was acknowledged.
--   $1 int4         realm
--   $2 timestamptz  messages sent since
--   $3 timestamptz  until, exclusive
SELECT s.conv, s.key, s.device, s.at
FROM archive_seen AS s
WHERE s.realm = $1 AND s.at >= $2
  AND EXISTS (SELECT
              FROM message AS m
              WHERE m.conv = s.conv AND m.key = s.key AND m.sent_at >= $2 AND m.sent_at < $3
                AND (m.receipt_first > s.at OR m.marker_first > s.at
                     OR (m.marks & 32 <> 0
                         AND EXISTS (SELECT
                                     FROM ack AS a
                                     WHERE a.conv = s.conv AND a.key = s.key AND a.kind <= 6
                                       AND a.seen_at > s.at))));
