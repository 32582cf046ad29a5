-- SPDX-License-Identifier: Apache-2.0
-- Open findings of keys.
--   $1 int8[]  conversation
--   $2 int8[]  key
SELECT f.conv, f.key, f.element, f.rule, f.by, f.ref, f.last_at
FROM unnest($1::int8[], $2::int8[]) AS w (conv, key)
JOIN finding AS f ON f.conv = w.conv AND f.key = w.key
WHERE NOT f.withdrawn
ORDER BY f.first_at, f.rule, f.by, f.ref;
