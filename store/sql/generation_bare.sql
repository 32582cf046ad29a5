-- SPDX-License-Identifier: Apache-2.0
-- Nothing was stored of these, and their file is read anew as another generation: they are not missing.
--   $1 int4[]  generations
UPDATE generation AS g
SET tail_len = 0, tail = '', low_water = 0
WHERE g.id = ANY ($1::int4[]) AND NOT g.finished
  AND NOT EXISTS (SELECT FROM lane_mark AS m WHERE m.generation = g.id);
