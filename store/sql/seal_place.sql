-- SPDX-License-Identifier: Apache-2.0
-- The newest incarnation of a message, the seal that covers it as it is now, and the block of its leaf; without a
-- number when it is not sealed yet, no row when nothing ever was.
--   $1 int8 conv, $2 int8 key
--   $3 timestamptz  when it was sent
SELECT m.row, s.number, s.day, encode(sha256(s.head), 'hex'), l.first, l.data
FROM (SELECT seal_message(x.conv, x.sent_at, x.key, x.n) AS row, x.sent_at, x.commit
      FROM message AS x
      WHERE x.conv = $1 AND x.key = $2 AND x.sent_at = $3
      ORDER BY x.n DESC
      LIMIT 1) AS m
LEFT JOIN seal AS s ON s.after_commit < m.commit AND s.upto_commit >= m.commit
LEFT JOIN seal_leaf AS l ON l.kind = 1 AND l.day = (m.sent_at AT TIME ZONE 'UTC')::date AND l.number = s.number
                        AND l.first_row <= m.row AND l.last_row >= m.row
WHERE EXISTS (SELECT FROM seal);
