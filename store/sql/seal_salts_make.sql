-- SPDX-License-Identifier: Apache-2.0
-- Salts for JIDs that have none, but not for erased ones: their commitments must stay closed. Who came back has a
-- name again, and a salt for what is sealed from now on.
--   $1 int8[]  jid.id
--   $2 int8    newest commit that is sealed
INSERT INTO jid_salt (jid, salt, after)
SELECT DISTINCT u.jid, uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()),
       CASE WHEN l.jid IS NULL THEN -1 ELSE $2::int8 END
FROM unnest($1::int8[]) AS u (jid)
LEFT JOIN seal_lost AS l ON l.what = 2 AND l.jid = u.jid
WHERE l.jid IS NULL OR EXISTS (SELECT FROM jid AS j WHERE j.id = u.jid AND NOT is_veiled(j.jid))
ON CONFLICT (jid) DO NOTHING;
