-- SPDX-License-Identifier: Apache-2.0
-- UTC days of one conversation: how much of rows, evidence and chat states there is.
--   $1 int8         conversation
--   $2 timestamptz  since
--   $3 timestamptz  until, exclusive
SELECT date_bin(interval '1 day', e.at, '2000-01-01 00:00:00+00') AS day, count(*)
FROM (SELECT m.sent_at AS at FROM message AS m
      WHERE m.conv = $1 AND m.sent_at >= $2 AND m.sent_at < $3
      UNION ALL
      SELECT a.seen_at FROM ack AS a
      WHERE a.conv = $1 AND a.seen_at >= $2 AND a.seen_at < $3
      UNION ALL
      SELECT s.at FROM chat_state AS s
      WHERE s.conv = $1 AND s.at >= $2 AND s.at < $3) AS e
GROUP BY 1
ORDER BY 1;
