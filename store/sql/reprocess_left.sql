-- SPDX-License-Identifier: Apache-2.0
-- Files of an unfinished one, in the order of reading, and whether each is read again.
--   $1 int4  realm
SELECT f.n, f.source, f.dialect, f.path,
       EXISTS (SELECT FROM generation AS g
               JOIN source AS s ON s.id = g.source
               WHERE s.realm = $1 AND s.name = f.source AND g.finished
                 AND g.low_water >= f.low_water AND g.path = f.path)
FROM reprocess_file AS f
WHERE f.realm = $1
ORDER BY f.n;
