-- SPDX-License-Identifier: Apache-2.0
-- Conversations that have rows or evidence on a day that is listed (migration 0017) and are not among those of it.
-- More may be listed: they do no harm.
--   $1 int4         realm
--   $2 timestamptz  since
--   $3 timestamptz  until, exclusive
--   $4 int8         at most so many
SELECT 'day_conv ' || to_hex(r.conv) AS what, r.day::timestamp AT TIME ZONE 'UTC' AS at, 'listed', 'no', 'yes'
FROM (SELECT m.conv, (m.sent_at AT TIME ZONE 'UTC')::date AS day
      FROM message AS m
      WHERE m.realm = $1 AND m.sent_at >= $2::timestamptz AND m.sent_at < $3::timestamptz
      UNION
      SELECT a.conv, (a.seen_at AT TIME ZONE 'UTC')::date
      FROM ack AS a
      WHERE a.realm = $1 AND a.seen_at >= $2 AND a.seen_at < $3) AS r
JOIN day_list AS l ON l.day = r.day
LEFT JOIN day_conv AS c ON c.day = r.day AND c.part = (r.conv >> 54 & 1023)::int2
                       AND ((r.conv & 65535) - 32768)::int2 = ANY (c.convs)
WHERE c.part IS NULL
ORDER BY 2, 1
LIMIT $4;
