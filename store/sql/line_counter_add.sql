-- SPDX-License-Identifier: Apache-2.0
-- Counters of lines.
--   $1 int4    realm
--   $2 date    day of the lines
--   $3 text[]  names
--   $4 int8[]  lines
INSERT INTO line_counter AS c (realm, source, day, name, n)
SELECT $1, 0, $2, u.name, u.n
FROM unnest($3::text[], $4::int8[]) AS u (name, n)
ON CONFLICT (realm, source, day, name) DO UPDATE
SET n = c.n + excluded.n;
