-- SPDX-License-Identifier: Apache-2.0
-- Which files the generations of positions are.
--   $1 int4[]  generation
SELECT g.id, s.name, g.path
FROM generation AS g
LEFT JOIN source AS s ON s.id = g.source
WHERE g.id = ANY ($1::int4[]);
