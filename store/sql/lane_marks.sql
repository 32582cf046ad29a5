-- SPDX-License-Identifier: Apache-2.0
-- How far a lane holds these generations.
--   $1 int2    lane
--   $2 int4[]  generations
SELECT k.generation, k.mark_offset, k.mark_index
FROM lane_mark AS k
WHERE k.lane = $1 AND k.generation = ANY ($2::int4[]);
