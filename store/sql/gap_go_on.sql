-- SPDX-License-Identifier: Apache-2.0
-- These files go on: what was missing only because they ended there is read again.
--   $1 int4[]  generation
--   $2 int8[]  the mark from which each is read: what lies before it is not
--   $3 int8    commit
WITH gone AS (
     DELETE FROM gap AS g
     USING unnest($1::int4[], $2::int8[]) AS m(generation, mark_offset)
     WHERE g.generation = m.generation AND g.at_end AND g.from_offset >= m.mark_offset
     RETURNING g.source, g.generation, g.from_offset, g.commit)
INSERT INTO seal_gone (kind, day, row, commit)
SELECT 4, date 'epoch', seal_int4(g.source) || seal_int4(g.generation) || seal_int8(g.from_offset), $3
FROM gone AS g
WHERE g.commit <= (SELECT s.upto FROM seal_state AS s);
