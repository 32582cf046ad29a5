-- SPDX-License-Identifier: Apache-2.0
-- Files that were missing and are there again, or have been read to their end since; what was truncated
-- and is read on in the copy that was kept of it (F7).
--   $1 int4[]  generations that are open
--   $2 text    cause
DELETE FROM gap AS g
USING generation AS x
WHERE x.id = g.generation
  AND ((g.cause = $2 AND (x.finished OR x.id = ANY ($1::int4[])))
       OR (g.cause = 'truncated' AND x.id = ANY ($1::int4[])));
