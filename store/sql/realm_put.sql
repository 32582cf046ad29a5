-- SPDX-License-Identifier: Apache-2.0
-- Finds or makes a realm, under LOCK_NAMES. Stored rules change only when others are given.
--   $1 text  name
--   $2 text  rules as JSON; null: keep what is stored
--   $3 text  rules of a new realm as JSON
INSERT INTO realm (id, name, rules)
SELECT coalesce(max(id), 0) + 1, $1, coalesce($2, $3)::jsonb
FROM realm
ON CONFLICT (name) DO UPDATE SET rules = coalesce($2::jsonb, realm.rules)
RETURNING id;
