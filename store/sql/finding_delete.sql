-- SPDX-License-Identifier: Apache-2.0
-- Settled findings that do not hold any more. Of a sealed one it is noted that it went.
--   $1 int8[]  conversation
--   $2 int8[]  key
--   $3 int8[]  element
--   $4 int8    commit
WITH gone AS (
     DELETE FROM finding AS f
     USING unnest($1::int8[], $2::int8[], $3::int8[]) AS u (conv, key, element)
     WHERE f.conv = u.conv AND f.key = u.key AND f.element = u.element
     RETURNING f.conv, f.key, f.element, f.commit)
INSERT INTO seal_gone (kind, day, row, commit)
SELECT 3, date 'epoch', seal_int8(g.conv) || seal_int8(g.key) || seal_int8(g.element), $4
FROM gone AS g
WHERE g.commit <= (SELECT s.upto FROM seal_state AS s);
