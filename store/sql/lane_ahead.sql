-- SPDX-License-Identifier: Apache-2.0
-- Lanes that hold more of a generation than lane 0: a process died between the commits of one batch.
SELECT k.generation, k.lane, k.mark_offset, k.mark_index
FROM lane_mark AS k
LEFT JOIN lane_mark AS z ON z.lane = 0 AND z.generation = k.generation
WHERE k.lane > 0 AND (z.generation IS NULL OR
      (k.mark_offset, k.mark_index) > (z.mark_offset, z.mark_index));
