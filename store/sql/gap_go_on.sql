-- SPDX-License-Identifier: Apache-2.0
-- These files go on: what was missing only because they ended there is read again.
--   $1 int4[]  generation
--   $2 int8[]  the mark from which each is read: what lies before it is not
DELETE FROM gap AS g
USING unnest($1::int4[], $2::int8[]) AS m(generation, mark_offset)
WHERE g.generation = m.generation AND g.at_end AND g.from_offset >= m.mark_offset;
