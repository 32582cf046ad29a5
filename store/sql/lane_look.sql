-- SPDX-License-Identifier: Apache-2.0
-- The fence of a lane, and how many generations have a mark in it.
--   $1 int2  lane
SELECT l.fence, (SELECT count(*) FROM lane_mark AS k WHERE k.lane = l.id)
FROM lane AS l
WHERE l.id = $1;
