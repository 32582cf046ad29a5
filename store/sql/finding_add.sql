-- SPDX-License-Identifier: Apache-2.0
-- Findings that are given now. Those of a key are facts: given again they stay one. Those that
-- stand on a line (key 0) add up.
--   $1 int4           realm
--   $2 int8[]         conversation
--   $3 int8[]         key
--   $4 int8[]         element
--   $5 text[]         rule
--   $6 text[]         by
--   $7 text[]         ref
--   $8 timestamptz[]  at
--   $9 int8[]         position
--   $10 int8          commit
INSERT INTO finding AS f
       (realm, conv, key, element, rule, by, ref, first_at, last_at, n, position, commit)
SELECT $1, u.conv, u.key, u.element, u.rule, u.by, u.ref, u.at, u.at, 1, u.position, $10
FROM unnest($2::int8[], $3::int8[], $4::int8[], $5::text[], $6::text[], $7::text[],
            $8::timestamptz[], $9::int8[]) AS u (conv, key, element, rule, by, ref, at, position)
ON CONFLICT (conv, key, element) DO UPDATE
SET first_at = least(f.first_at, excluded.first_at),
    last_at = greatest(f.last_at, excluded.last_at),
    n = CASE WHEN f.key = 0 THEN f.n + 1 ELSE f.n END,
    position = CASE WHEN excluded.first_at < f.first_at THEN excluded.position ELSE f.position END,
    withdrawn = false, commit = excluded.commit
WHERE f.key = 0 OR f.withdrawn OR excluded.first_at < f.first_at OR excluded.last_at > f.last_at;
