-- SPDX-License-Identifier: Apache-2.0
-- Files of generations.
--   $1 int4[]  generation.id
SELECT g.id, g.path, s.name
FROM generation AS g
JOIN source AS s ON s.id = g.source
WHERE g.id = ANY ($1::int4[]);
