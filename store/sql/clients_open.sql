-- SPDX-License-Identifier: Apache-2.0
-- Messages that asked, are not answered and were sent after the edge, by device: of the day of the edge.
--   $1 int4         realm
--   $2 timestamptz  since: a UTC day
--   $3 timestamptz  until, exclusive: a UTC day
--   $4 text         domain of the devices; null = all
--   $5 timestamptz  the edge
--   $6 timestamptz  end of the day that it lies in
SELECT m.device, (m.sent_at AT TIME ZONE 'UTC')::date, count(*)
FROM message AS m
JOIN jid AS t ON t.id = m.to_jid
WHERE m.realm = $1 AND m.class <= 2 AND m.id IS NOT NULL AND m.flags & 1048581 <> 0
  AND m.state < 4 AND m.sent_at > $5::timestamptz AND m.sent_at >= $2::timestamptz
  AND m.sent_at < $3::timestamptz AND m.sent_at < $6::timestamptz
  AND ($4::text IS NULL OR t.domain = $4)
GROUP BY 1, 2;
