-- SPDX-License-Identifier: Apache-2.0
-- What waits to be settled, and since when.
--   $1 int4  realm; 0 = all
SELECT count(*), min(u.since)
FROM settle_unit AS u
WHERE $1 = 0 OR u.realm = $1;
