-- SPDX-License-Identifier: Apache-2.0
-- What was read of an interval, in the order in which it was read.
--   $1 int4         realm
--   $2 timestamptz  since, $3 timestamptz until
SELECT g.id, g.source, s.name, s.dialect, g.path, g.head_len, g.head, g.tail_len, g.tail,
       g.low_water,
       s.live AND greatest(s.checked_at, g.read_at) > now() - interval '10 seconds'
FROM generation AS g
JOIN source AS s ON s.id = g.source
WHERE g.realm = $1
  AND g.source IN (SELECT h.source FROM generation AS h
                   WHERE h.realm = $1 AND h.first_at < $3 AND h.last_at >= $2)
ORDER BY g.id;
