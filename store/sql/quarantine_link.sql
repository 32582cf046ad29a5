-- SPDX-License-Identifier: Apache-2.0
-- A file begins inside a record: the one that its reader read last and that ended inside a record may have
-- the other half (F26). Each names the other's generation.
--   $1 int4  generation that begins so
WITH half AS (
     SELECT q.generation, q."offset", q."index"
     FROM quarantine AS q
     JOIN generation AS g ON g.id = q.generation
     WHERE q.at_end AND q.other_half IS NULL AND q.generation <> $1
       AND g.reader = (SELECT x.reader FROM generation AS x WHERE x.id = $1)
     ORDER BY g.grown_at DESC, q.generation DESC, q."offset" DESC
     LIMIT 1),
     linked AS (
     UPDATE quarantine AS q
     SET other_half = $1
     FROM half AS h
     WHERE q.generation = h.generation AND q."offset" = h."offset" AND q."index" = h."index"
     RETURNING q.generation)
UPDATE quarantine AS q
SET other_half = l.generation
FROM linked AS l
WHERE q.generation = $1 AND q."offset" = 0 AND q.other_half IS NULL;
