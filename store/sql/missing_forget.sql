-- SPDX-License-Identifier: Apache-2.0
-- Files that were missing and are there again, or have been read to their end since, or are read anew as another
-- generation; what was truncated and is read on in the copy that was kept of it (F7). Under the lanes; says how many.
--   $1 int4[]  generations that are open
--   $2 text    cause
WITH gone AS (
     DELETE FROM gap AS g
     USING generation AS x
     WHERE x.id = g.generation
       AND ((g.cause = $2 AND (x.finished OR x.tail_len = 0 OR x.id = ANY ($1::int4[])))
            OR (g.cause = 'truncated' AND x.id = ANY ($1::int4[])))
     RETURNING g.source, g.generation, g.from_offset, g.commit),
noted AS (
     INSERT INTO seal_gone (kind, day, row, commit)
     SELECT 4, date 'epoch', seal_int4(g.source) || seal_int4(g.generation) || seal_int8(g.from_offset),
            next_commit()
     FROM gone AS g
     WHERE g.commit <= (SELECT s.upto FROM seal_state AS s))
SELECT count(*) FROM gone;
