-- SPDX-License-Identifier: Apache-2.0
-- Moves a mark; never back.
--   $1 int2  lane
--   $2 int4  generation
--   $3 int8  offset
--   $4 int4  index
INSERT INTO lane_mark AS k (lane, generation, mark_offset, mark_index)
VALUES ($1, $2, $3, $4)
ON CONFLICT (lane, generation) DO UPDATE
SET mark_offset = excluded.mark_offset, mark_index = excluded.mark_index
WHERE (k.mark_offset, k.mark_index) <= (excluded.mark_offset, excluded.mark_index);
