-- SPDX-License-Identifier: Apache-2.0
-- The block that may hold a row.
--   $1 int2 kind, $2 date day, $3 int4 number, $4 bytea row key
SELECT l.first, l.data
FROM seal_leaf AS l
WHERE l.kind = $1 AND l.day = $2 AND l.number = $3 AND l.first_row <= $4 AND l.last_row >= $4;
