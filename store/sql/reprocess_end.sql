-- SPDX-License-Identifier: Apache-2.0
-- All was read: sources are what they were, nothing is unfinished any more.
--   $1 int4  realm
WITH f AS (
     DELETE FROM reprocess_file AS f WHERE f.realm = $1 RETURNING f.source, f.live, f.source_path),
s AS (
     UPDATE source AS s SET live = f.live, path = f.source_path FROM f
     WHERE s.realm = $1 AND s.name = f.source),
g AS (
     DELETE FROM gap AS g WHERE g.realm = $1 AND g.generation = 0 AND g.from_offset = -1
     RETURNING g.source, g.commit),
n AS (
     INSERT INTO seal_gone (kind, day, row, commit)
     SELECT 4, date 'epoch', seal_int4(g.source) || seal_int4(0) || seal_int8(-1), next_commit()
     FROM g
     WHERE g.commit <= (SELECT s.upto FROM seal_state AS s))
DELETE FROM reprocess AS r WHERE r.realm = $1;
