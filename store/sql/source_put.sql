-- SPDX-License-Identifier: Apache-2.0
-- Finds or makes a source, under LOCK_NAMES. One that is followed takes over the one under which its file
-- was imported: they are one source (M9: imports keep the feed). An import does not end the following.
--   $1 int4  realm
--   $2 text  name
--   $3 text  dialect
--   $4 text  path, null for a feed
--   $5 bool  live
--   $6 int4  source of the file at hand, 0 = none
WITH taken AS (
     UPDATE source AS s
     SET name = $2, dialect = $3, path = $4, live = true
     WHERE s.realm = $1 AND s.id = $6 AND NOT s.live AND $5
       AND NOT EXISTS (SELECT FROM source AS o WHERE o.realm = $1 AND o.name = $2)
     RETURNING s.id),
put AS (
     INSERT INTO source (id, realm, name, dialect, path, live, flush_allowance)
     SELECT coalesce(max(id), 0) + 1, $1, $2, $3, $4, $5,
            -- Openfire writes its audit file every two minutes, the others at once.
            CASE $3 WHEN 'openfire-audit' THEN 120000000 ELSE 2000000 END
     FROM source
     HAVING NOT EXISTS (SELECT FROM taken)
     ON CONFLICT (realm, name) DO UPDATE
     SET dialect = excluded.dialect, live = source.live OR excluded.live,
         path = CASE WHEN source.live AND NOT excluded.live THEN source.path
                     ELSE excluded.path END,
         flush_allowance = excluded.flush_allowance
     RETURNING id)
SELECT id FROM taken
UNION ALL
SELECT id FROM put;
