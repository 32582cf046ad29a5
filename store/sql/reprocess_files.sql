-- SPDX-License-Identifier: Apache-2.0
-- What was read of an interval, in the order in which it was read.
--   $1 int4         realm
--   $2 timestamptz  since, $3 timestamptz until
SELECT g.id, g.source, s.name, s.dialect, g.path, g.head_len, g.head, g.tail_len, g.tail,
       g.low_water,
       -- One that is followed is looked at every few seconds; both times are the database's.
       EXISTS (SELECT FROM source AS r WHERE r.id = g.reader AND r.live)
       AND g.read_at > now() - interval '10 seconds'
FROM generation AS g
JOIN source AS s ON s.id = g.source
WHERE g.realm = $1
  AND g.source IN (SELECT h.source FROM generation AS h
                   WHERE h.realm = $1 AND h.first_at < $3 AND h.last_at >= $2)
ORDER BY g.id;
