-- SPDX-License-Identifier: Apache-2.0
-- Takes somebody out of all tables; rows by table.
--   $1 int8    jid.id
--   $2 text    bare JID
--   $3 int8[]  all of jid.id (erase_targets), $4 text[] their texts
--   $5 bytea   salt, of this transaction alone
SELECT p.part, p.rows
FROM erase_person($1, $2, $3, $4, $5) AS p;
