-- SPDX-License-Identifier: Apache-2.0
-- Finds or makes a realm, under LOCK_NAMES. Stored rules change only when others are given; a change
-- is remembered, and told together with the days that were stored before it.
--   $1 text  name
--   $2 text  rules as JSON; null: keep what is stored
--   $3 text  rules of a new realm as JSON
WITH old AS (SELECT r.id, r.rules FROM realm AS r WHERE r.name = $1),
     put AS (INSERT INTO realm (id, name, rules)
             SELECT coalesce(max(id), 0) + 1, $1, coalesce($2, $3)::jsonb
             FROM realm
             ON CONFLICT (name) DO UPDATE SET rules = coalesce($2::jsonb, realm.rules)
             RETURNING id, rules),
     changed AS (SELECT put.id, put.rules, old.rules AS before
                 FROM put LEFT JOIN old ON old.id = put.id
                 WHERE put.rules IS DISTINCT FROM old.rules),
     noted AS (INSERT INTO realm_rules (realm, after_commit, rules)
               SELECT c.id, (SELECT coalesce(max(b.commit), 0) FROM batch AS b), c.rules
               FROM changed AS c
               ON CONFLICT (realm, after_commit) DO UPDATE SET rules = excluded.rules)
SELECT put.id, c.before::text, c.rules::text, d.first::text, d.last::text
FROM put
LEFT JOIN changed AS c ON c.id = put.id
LEFT JOIN LATERAL (SELECT min(s.day) AS first, max(s.day) AS last
                   FROM stored_day AS s
                   WHERE c.before IS NOT NULL
                     AND EXISTS (SELECT FROM batch AS b WHERE b.realm = c.id)) AS d ON true;
