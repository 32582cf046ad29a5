-- SPDX-License-Identifier: Apache-2.0
-- Salts for JIDs that have none, but not for erased ones: their commitments must stay closed.
--   $1 int8[]  jid.id
INSERT INTO jid_salt (jid, salt)
SELECT DISTINCT u.jid, uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())
FROM unnest($1::int8[]) AS u (jid)
WHERE NOT EXISTS (SELECT FROM seal_lost AS l WHERE l.what = 2 AND l.jid = u.jid)
ON CONFLICT (jid) DO NOTHING;
