-- SPDX-License-Identifier: Apache-2.0
-- Records that could not be used, never their bytes; newest first.
--   $1 int4  realm; 0 = all
SELECT coalesce(s.name, ''), q.reason, q.at, q.found_at, q."offset", q.length
FROM quarantine AS q
LEFT JOIN source AS s ON s.id = q.source
WHERE $1 = 0 OR q.realm = $1
ORDER BY q.found_at DESC, q.generation DESC, q."offset" DESC, q."index" DESC;
