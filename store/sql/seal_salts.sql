-- SPDX-License-Identifier: Apache-2.0
-- Salts and texts of JIDs.
--   $1 int8[]  jid.id
SELECT u.jid, s.salt, j.jid, s.after
FROM unnest($1::int8[]) AS u (jid)
LEFT JOIN jid_salt AS s ON s.jid = u.jid
LEFT JOIN jid AS j ON j.id = u.jid;
