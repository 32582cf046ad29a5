-- SPDX-License-Identifier: Apache-2.0
-- The conversations of a day that is not listed.
--   $1 date         UTC day
--   $2 timestamptz  its begin
--   $3 timestamptz  its end, exclusive
INSERT INTO day_conv (part, day, convs)
SELECT (c.conv >> 54 & 1023)::int2, $1::date, array_agg(((c.conv & 65535) - 32768)::int2)
FROM (SELECT m.conv FROM message AS m WHERE m.sent_at >= $2::timestamptz AND m.sent_at < $3::timestamptz
      UNION
      SELECT a.conv FROM ack AS a WHERE a.seen_at >= $2 AND a.seen_at < $3) AS c
WHERE NOT EXISTS (SELECT FROM day_list AS l WHERE l.day = $1)
GROUP BY 1;
