-- SPDX-License-Identifier: Apache-2.0
-- A gap; found again in the same place it is the same gap, as it is known now.
--   $1 int4  realm, $2 int4 source, $3 int4 generation
--   $4 int8  first missing byte, $5 int8 first byte after it
--   $6 timestamptz  last time before it, $7 timestamptz first time after it
--   $8 text  cause
--   $9 int8  records lost, null = unknown
--   $10 bool only because nothing follows in its file
--   $11 int8 commit
INSERT INTO gap AS g
       (realm, source, generation, from_offset, to_offset, from_at, to_at, cause, lost, at_end,
       commit)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
ON CONFLICT (source, generation, from_offset) DO UPDATE
SET to_offset = greatest(g.to_offset, excluded.to_offset),
    to_at = greatest(g.to_at, excluded.to_at), lost = greatest(g.lost, excluded.lost),
    at_end = g.at_end AND excluded.at_end, commit = excluded.commit;
