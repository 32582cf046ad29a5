-- SPDX-License-Identifier: Apache-2.0
-- Open findings as a set.
--   $1 int4         realm; 0 = all
--   $2 timestamptz  since, null = open
--   $3 timestamptz  until, exclusive, null = open
--   $4 timestamptz  composing that is open since before is CS-COMPOSING-OPEN (F5); null = none is
WITH f AS (
     SELECT f.realm, f.rule, f.by, f.ref, f.first_at, f.last_at, f.n, f.position
     FROM finding AS f
     WHERE NOT f.withdrawn
     UNION ALL
     SELECT t.realm, 'CS-COMPOSING-OPEN', j.jid || coalesce('/' || t.resource, ''), '', t.start_at,
            t.start_at, 1, t.position
     FROM typing AS t
     JOIN jid AS j ON j.id = t.from_jid
     WHERE t.end_at = 'infinity' AND t.start_at < $4)
SELECT f.rule, f.by, f.ref, min(f.first_at), max(f.last_at), sum(f.n)::int8,
       (array_agg(f.position ORDER BY f.first_at, f.position))[1]
FROM f
WHERE ($1 = 0 OR f.realm = $1)
  AND ($2::timestamptz IS NULL OR f.last_at >= $2)
  AND ($3::timestamptz IS NULL OR f.first_at < $3)
GROUP BY f.rule, f.by, f.ref
ORDER BY f.rule COLLATE "C", f.by COLLATE "C", f.ref COLLATE "C";
