-- SPDX-License-Identifier: Apache-2.0
-- Facts that a dialect forgot.
--   $1 int4[]  generation
--   $2 text[]  key
DELETE FROM dialect_fact AS d
USING unnest($1::int4[], $2::text[]) AS u (generation, key)
WHERE d.generation = u.generation AND NOT d.at_end AND d.key = u.key;
