-- SPDX-License-Identifier: Apache-2.0
-- Finds or makes a source, under LOCK_NAMES.
--   $1 int4  realm
--   $2 text  name
--   $3 text  dialect
--   $4 text  path, null for a feed
--   $5 bool  live
INSERT INTO source (id, realm, name, dialect, path, live, flush_allowance)
SELECT coalesce(max(id), 0) + 1, $1, $2, $3, $4, $5,
       -- Openfire writes its audit file every two minutes, the others at once.
       CASE $3 WHEN 'openfire-audit' THEN 120000000 ELSE 2000000 END
FROM source
ON CONFLICT (realm, name) DO UPDATE
SET dialect = excluded.dialect, path = excluded.path, live = excluded.live,
    flush_allowance = excluded.flush_allowance
RETURNING id;
