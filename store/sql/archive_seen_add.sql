-- SPDX-License-Identifier: Apache-2.0
-- Messages that devices were given out of archives.
--   $1 int4           realm
--   $2 int8[]         conversation
--   $3 int8[]         key
--   $4 int8[]         device
--   $5 timestamptz[]  first time
INSERT INTO archive_seen AS a (conv, key, device, realm, at)
SELECT u.conv, u.key, u.device, $1, u.at
FROM unnest($2::int8[], $3::int8[], $4::int8[], $5::timestamptz[]) AS u (conv, key, device, at)
ON CONFLICT (conv, key, device) DO UPDATE
SET at = excluded.at
WHERE excluded.at < a.at;
