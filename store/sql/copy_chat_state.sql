-- SPDX-License-Identifier: Apache-2.0
-- Sightings of chat states; order of columns as in store/write_states.c.
COPY chat_state (conv, at, realm, from_jid, resource, to_jid, state, type, leg, content, ingress,
       own_id, sig, source, position, tie)
FROM STDIN (FORMAT binary)
