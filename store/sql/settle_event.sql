-- SPDX-License-Identifier: Apache-2.0
-- What a device did next towards a peer: its next chat state or content.
--   $1 int8         conversation
--   $2 int8         from
--   $3 text         resource
--   $4 int8         to
--   $5 timestamptz  after
SELECT least((SELECT c.at FROM chat_state AS c
              WHERE c.conv = $1 AND c.at > $5 AND c.from_jid = $2
                AND c.resource IS NOT DISTINCT FROM $3 AND c.to_jid = $4
              ORDER BY c.at LIMIT 1),
             (SELECT m.sent_at FROM message AS m
              WHERE m.conv = $1 AND m.sent_at > $5 AND m.from_jid = $2
                AND m.from_resource IS NOT DISTINCT FROM $3 AND m.to_jid = $4
              ORDER BY m.sent_at LIMIT 1));
