-- SPDX-License-Identifier: Apache-2.0
-- Findings of a key, seen within what was looked at, that its facts do not give any more.
--   $1 int8[]         conversation
--   $2 int8[]         key
--   $3 timestamptz[]  from
--   $4 timestamptz[]  to, inclusive
--   $5 int8[]         conversation of what is given now
--   $6 int8[]         its key
--   $7 int8[]         its element
--   $8 int8           commit
UPDATE finding AS f
SET withdrawn = true, commit = $8
FROM unnest($1::int8[], $2::int8[], $3::timestamptz[], $4::timestamptz[]) AS w (conv, key, lo, hi)
WHERE f.conv = w.conv AND f.key = w.key AND NOT f.withdrawn AND f.last_at BETWEEN w.lo AND w.hi
  AND (f.conv, f.key, f.element)
      NOT IN (SELECT k.conv, k.key, k.element
              FROM unnest($5::int8[], $6::int8[], $7::int8[]) AS k (conv, key, element));
