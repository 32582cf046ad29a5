-- SPDX-License-Identifier: Apache-2.0
-- Puts the many short lists of days together. Long ones stay as they are.
--   $1 int2  lane
WITH gone AS (
       DELETE FROM known_keys AS k
       WHERE k.lane = $1 AND length(k.keys) < 65536
         AND k.day IN (SELECT d.day FROM known_keys AS d
                       WHERE d.lane = $1 AND length(d.keys) < 65536
                       GROUP BY d.day HAVING count(*) >= 64)
       RETURNING k.day, k.commit, k.keys)
INSERT INTO known_keys (lane, day, commit, keys, told)
SELECT $1, g.day, max(g.commit), string_agg(g.keys, ''::bytea), true
FROM gone AS g
GROUP BY g.day;
