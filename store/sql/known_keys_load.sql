-- SPDX-License-Identifier: Apache-2.0
-- Keys that a lane stored after a commit.
--   $1 int2  lane
--   $2 int8  commit that is known
SELECT k.day, k.keys
FROM known_keys AS k
WHERE k.lane = $1 AND k.commit > $2;
