-- SPDX-License-Identifier: Apache-2.0
-- How far a lane holds these generations (null: it has no mark of it), and where the end is to which each was
-- read (null: it was not).
--   $1 int2    lane
--   $2 int4[]  generations
SELECT g.id, k.mark_offset, k.mark_index, CASE WHEN g.finished THEN g.size END AS end_at
FROM generation AS g
LEFT JOIN lane_mark AS k ON k.lane = $1 AND k.generation = g.id
WHERE g.id = ANY ($2::int4[]);
