-- SPDX-License-Identifier: Apache-2.0
-- Which seals hold leaves of a kind and day.
--   $1 int2 kind, $2 date day
SELECT DISTINCT l.number
FROM seal_leaf AS l
WHERE l.kind = $1 AND l.day = $2
ORDER BY l.number;
