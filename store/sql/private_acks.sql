-- SPDX-License-Identifier: Apache-2.0
-- The private acknowledgements that realms have or had.
--   $1 int4  realm; 0 = all
SELECT p.realm, p.number, p.name
FROM private_ack AS p
WHERE $1 = 0 OR p.realm = $1
ORDER BY p.realm, p.number;
