-- SPDX-License-Identifier: Apache-2.0
-- Conversations of an account, an occupant or a room.
--   $1 int8  jid
--   $2 int8  at most so many
SELECT p.conv
FROM party AS p
WHERE p.jid = $1
LIMIT $2;
