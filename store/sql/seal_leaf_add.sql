-- SPDX-License-Identifier: Apache-2.0
-- A block of leaves.
--   $1 int4 number, $2 int2 kind, $3 date day, $4 int4 block, $5 int8 first, $6 int4 entries
--   $7 bytea first row key, $8 bytea last row key, $9 bytea data
INSERT INTO seal_leaf (number, kind, day, block, first, entries, first_row, last_row, data)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9);
