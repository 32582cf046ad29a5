-- SPDX-License-Identifier: Apache-2.0
-- JIDs that are named by hash; gives those whose hash names another text.
--   $1 int8[]  id
--   $2 text[]  JID
--   $3 text[]  its domain
WITH given AS (
       SELECT u.id, u.jid, u.domain
       FROM unnest($1::int8[], $2::text[], $3::text[]) AS u (id, jid, domain)),
     added AS (
       INSERT INTO jid (id, jid, domain)
       SELECT g.id, g.jid, g.domain
       FROM given AS g
       ON CONFLICT (id) DO NOTHING)
SELECT g.id
FROM given AS g
JOIN jid AS j ON j.id = g.id
WHERE j.jid <> g.jid;
