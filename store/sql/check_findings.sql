-- SPDX-License-Identifier: Apache-2.0
-- Open findings of a range of conversations.
--   $1 int8  first conversation
--   $2 int8  last conversation
SELECT f.conv, f.key, f.element, f.rule, f.by, f.ref, f.last_at
FROM finding AS f
WHERE f.conv BETWEEN $1 AND $2 AND NOT f.withdrawn
ORDER BY f.first_at, f.rule, f.by, f.ref;
