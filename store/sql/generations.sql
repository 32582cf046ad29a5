-- SPDX-License-Identifier: Apache-2.0
-- What was read before in this realm, newest first, with the mark of the lane.
--   $1 int4  realm
--   $2 int2  lane
--   $3 int8  at most
SELECT g.id, g.source, g.low_water, m.mark_offset, m.mark_index, g.head_len, g.head, g.tail_len,
       g.tail, g.finished, g.reader, g.size
FROM generation AS g
LEFT JOIN lane_mark AS m ON m.lane = $2 AND m.generation = g.id
WHERE g.realm = $1
ORDER BY g.id DESC
LIMIT $3;
