-- SPDX-License-Identifier: Apache-2.0
-- Sealed rows of a kind and day that went: the last time of each.
--   $1 int2  kind
--   $2 date  day
SELECT g.row, max(g.commit)
FROM seal_gone AS g
WHERE g.kind = $1 AND g.day = $2
GROUP BY g.row
ORDER BY g.row;
