-- SPDX-License-Identifier: Apache-2.0
-- JIDs that are named by hash.
--   $1 int8[]  id
--   $2 text[]  JID
--   $3 text[]  its domain
INSERT INTO jid (id, jid, domain)
SELECT u.id, u.jid, u.domain
FROM unnest($1::int8[], $2::text[], $3::text[]) AS u (id, jid, domain)
ON CONFLICT (id) DO NOTHING;
