-- SPDX-License-Identifier: Apache-2.0
-- Who sent which id, sorted by hash.
COPY sent_id (day, hash, what, conv, key, at, from_jid, to_jid, realm)
FROM STDIN (FORMAT binary)
