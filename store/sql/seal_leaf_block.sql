-- SPDX-License-Identifier: Apache-2.0
-- One block of leaves.
--   $1 int2 kind, $2 date day, $3 int4 number, $4 int4 block
SELECT l.first, l.data
FROM seal_leaf AS l
WHERE l.kind = $1 AND l.day = $2 AND l.number = $3 AND l.block = $4;
