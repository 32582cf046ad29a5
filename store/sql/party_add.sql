-- SPDX-License-Identifier: Apache-2.0
-- Who takes part in a conversation; what is known already stays as it is.
--   $1 int4    realm
--   $2 int8[]  jid
--   $3 int8[]  conversation
INSERT INTO party (jid, conv, realm)
SELECT u.jid, u.conv, $1
FROM unnest($2::int8[], $3::int8[]) AS u (jid, conv)
ON CONFLICT (jid, conv) DO NOTHING;
