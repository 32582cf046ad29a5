-- SPDX-License-Identifier: Apache-2.0
-- All realms, or one.
--   $1 int4  realm; 0 = all
SELECT r.id, r.name
FROM realm AS r
WHERE $1 = 0 OR r.id = $1
ORDER BY r.id;
