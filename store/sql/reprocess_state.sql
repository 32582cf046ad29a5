-- SPDX-License-Identifier: Apache-2.0
-- The unfinished one of a realm.
--   $1 int4  realm
SELECT r.since, r.until
FROM reprocess AS r
WHERE r.realm = $1;
