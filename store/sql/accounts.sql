-- SPDX-License-Identifier: Apache-2.0
-- Accounts, rooms and occupants that take part in a conversation and whose JID begins so.
--   $1 int4  realm
--   $2 text  the first of them: the beginning
--   $3 text  what all of them are before, as bytes
--   $4 text  their domain, null = any
--   $5 int8  at most so many
SELECT j.jid
FROM jid AS j
WHERE j.jid COLLATE "C" >= $2::text AND j.jid COLLATE "C" < $3::text
  AND ($4::text IS NULL OR j.domain = $4)
  AND EXISTS (SELECT FROM party AS p WHERE p.jid = j.id AND p.realm = $1)
ORDER BY j.jid COLLATE "C"
LIMIT $5::int8;
