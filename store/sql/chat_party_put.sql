-- SPDX-License-Identifier: Apache-2.0
-- Devices that showed chat states, in the order of their keys.
--   $1 int4           realm
--   $2 int8[]         conversation
--   $3 int8[]         device
--   $4 int8[]         from
--   $5 text[]         resource
--   $6 int8[]         to
--   $7 int2[]         leg
--   $8 timestamptz[]  first sighting
--   $9 timestamptz[]  last sighting
--   $10 timestamptz[] last standalone sighting, null = none
INSERT INTO chat_party AS p
       (conv, device, realm, from_jid, resource, to_jid, leg, first_at, last_at, lone_at)
SELECT u.conv, u.device, $1, u.from_jid, u.resource, u.to_jid, u.leg, u.first_at, u.last_at,
       u.lone_at
FROM unnest($2::int8[], $3::int8[], $4::int8[], $5::text[], $6::int8[], $7::int2[],
            $8::timestamptz[], $9::timestamptz[], $10::timestamptz[])
     AS u (conv, device, from_jid, resource, to_jid, leg, first_at, last_at, lone_at)
ON CONFLICT (conv, device) DO UPDATE
SET first_at = least(p.first_at, excluded.first_at),
    last_at = greatest(p.last_at, excluded.last_at),
    lone_at = greatest(p.lone_at, excluded.lone_at);
