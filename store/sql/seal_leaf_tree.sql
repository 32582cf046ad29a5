-- SPDX-License-Identifier: Apache-2.0
-- Blocks of a tree that hold leaves of a range, in order.
--   $1 int4 number, $2 int8 from, $3 int8 to, exclusive
SELECT l.first, l.entries, l.data
FROM seal_leaf AS l
WHERE l.number = $1 AND l.first < $3 AND l.first + l.entries > $2
ORDER BY l.first;
