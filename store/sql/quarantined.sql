-- SPDX-License-Identifier: Apache-2.0
-- Records that could not be used, never their bytes; newest first. Of files that have many, ranges.
--   $1 int4  realm; 0 = all
WITH q AS (
     SELECT q.realm, q.source, q.reason, q.at, q.found_at, q.generation, q."offset", q."index",
            q.length, 1::int8 AS records
     FROM quarantine AS q
     UNION ALL
     SELECT r.realm, r.source, r.reason, r.from_at, r.found_at, r.generation, r.from_offset, 0,
            r.to_offset - r.from_offset, r.records
     FROM quarantine_range AS r)
SELECT coalesce(s.name, ''), q.reason, q.at, q.found_at, q."offset", q.length, q.records
FROM q
LEFT JOIN source AS s ON s.id = q.source
WHERE $1 = 0 OR q.realm = $1
ORDER BY q.found_at DESC, q.generation DESC, q."offset" DESC, q."index" DESC;
