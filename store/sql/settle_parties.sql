-- SPDX-License-Identifier: Apache-2.0
-- Devices that showed chat states in these conversations.
--   $1 int8[]  conversation
SELECT w.place::int8, p.device, p.from_jid, p.resource, p.to_jid, p.leg, p.first_at, p.last_at,
       p.lone_at, EXISTS (SELECT FROM chat_ingress AS i WHERE i.realm = p.realm AND i.device = p.device)
FROM unnest($1::int8[]) WITH ORDINALITY AS w (conv, place)
JOIN chat_party AS p ON p.conv = w.conv;
