-- SPDX-License-Identifier: Apache-2.0
-- A file that must be read again; n is the generation that it had.
--   $1 int4 realm, $2 int4 n, $3 text path
INSERT INTO reprocess_file
       (realm, n, source, dialect, path, head, tail, low_water, live, source_path)
SELECT $1, g.id, s.name, s.dialect, $3, g.head, g.tail, g.low_water, s.live, s.path
FROM generation AS g
JOIN source AS s ON s.id = g.source
WHERE g.id = $2 AND g.realm = $1;
