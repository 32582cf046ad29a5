-- SPDX-License-Identifier: Apache-2.0
-- Facts that a dialect remembers; each key once.
--   $1 int4[]  generation
--   $2 bool[]  at_end
--   $3 text[]  key
--   $4 text[]  value
INSERT INTO dialect_fact (generation, at_end, key, value)
SELECT u.generation, u.at_end, u.key, u.value
FROM unnest($1::int4[], $2::bool[], $3::text[], $4::text[]) AS u (generation, at_end, key, value)
ON CONFLICT (generation, at_end, key) DO UPDATE
SET value = excluded.value;
