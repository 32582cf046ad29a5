-- SPDX-License-Identifier: Apache-2.0
-- Keys that were stored after a commit, by any lane.
--   $1 int8  commit that is known
SELECT k.day, k.keys
FROM known_keys AS k
WHERE k.commit > $1;
