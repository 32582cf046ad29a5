-- SPDX-License-Identifier: Apache-2.0
-- Open findings of one key, of evidence that names its id without being about it, and those of lines
-- that can be about it, by their hashes.
--   $1 int8    conversation
--   $2 int8    key
--   $3 int8[]  elements
--   $4 int8[]  ack.about of what names it
--   $5 text    its id
SELECT f.rule, f.by, f.ref, f.first_at, f.last_at, f.n, f.position
FROM finding AS f
WHERE NOT f.withdrawn
  AND ((f.conv = $1 AND f.key = $2) OR (f.conv = 0 AND f.key = 0 AND f.element = ANY ($3::int8[]))
       OR (f.ref = $5
           AND (f.conv, f.key) IN (SELECT x.conv, x.key
                                   FROM ack AS x
                                   WHERE x.class <> 0 AND x.about = ANY ($4::int8[]))))
ORDER BY f.rule COLLATE "C", f.by COLLATE "C", f.ref COLLATE "C", f.first_at;
