-- SPDX-License-Identifier: Apache-2.0
-- Files of an unfinished one, in the order of reading, and whether each is read again.
--   $1 int4  realm
SELECT f.n, f.source, f.dialect, f.path,
       EXISTS (SELECT FROM generation AS g
               WHERE g.realm = r.realm AND g.opened_at >= r.started_at AND g.finished
                 AND g.low_water >= f.low_water
                 AND (g.path = f.path OR (g.low_water = f.low_water AND g.head = f.head
                                          AND g.tail = f.tail)))
FROM reprocess AS r
JOIN reprocess_file AS f ON f.realm = r.realm
WHERE r.realm = $1
ORDER BY f.n;
