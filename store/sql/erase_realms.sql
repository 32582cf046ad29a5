-- SPDX-License-Identifier: Apache-2.0
-- Other realms than this one that hold somebody.
--   $1 int8  jid.id
--   $2 text  name of the realm
SELECT r.name
FROM realm AS r
WHERE r.name <> $2 AND EXISTS (SELECT FROM party AS p WHERE p.jid = $1 AND p.realm = r.id)
ORDER BY r.id
LIMIT 1;
