-- SPDX-License-Identifier: Apache-2.0
-- Too many gaps of a generation: the last one of the same cause is made to reach over this one, too.
-- What it reaches over already is not counted again.
--   $1 int4  realm, $2 int4 source, $3 int4 generation
--   $4 int8  first missing byte, $5 int8 first byte after it
--   $6 timestamptz  last time before it, $7 timestamptz first time after it
--   $8 text  cause
--   $9 int8  records lost, null = unknown
--   $10 bool only because nothing follows in its file
--   $11 int8 commit
WITH last AS (
     SELECT max(g.from_offset) AS from_offset
     FROM gap AS g
     WHERE g.source = $2 AND g.generation = $3 AND g.cause = $8)
INSERT INTO gap AS g
       (realm, source, generation, from_offset, to_offset, from_at, to_at, cause, lost, at_end,
       commit)
SELECT $1, $2, $3, coalesce(last.from_offset, $4), $5, $6, $7, $8, $9, $10, $11
FROM last
ON CONFLICT (source, generation, from_offset) DO UPDATE
SET to_offset = excluded.to_offset, to_at = excluded.to_at, lost = g.lost + excluded.lost,
    commit = excluded.commit
WHERE excluded.to_offset > g.to_offset;
