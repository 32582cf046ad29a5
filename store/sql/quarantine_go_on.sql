-- SPDX-License-Identifier: Apache-2.0
-- These files go on: what was set aside only because they ended there is read again.
--   $1 int4[]  generation
--   $2 int8[], $3 int4[]  the mark from which each is read: what lies before it is not
WITH gone AS (
     DELETE FROM quarantine AS q
     USING unnest($1::int4[], $2::int8[], $3::int4[]) AS m(generation, mark_offset, mark_index)
     WHERE q.generation = m.generation AND q.at_end
       AND (q."offset", q."index") > (m.mark_offset, m.mark_index)
     RETURNING q.generation)
UPDATE quarantine AS q
SET other_half = NULL
WHERE q.other_half IN (SELECT g.generation FROM gone AS g) AND NOT q.at_end;
