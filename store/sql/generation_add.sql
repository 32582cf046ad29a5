-- SPDX-License-Identifier: Apache-2.0
-- A file that was not seen before, under LOCK_NAMES.
--   $1 int4   source
--   $2 text   path
--   $3 int4   head_len
--   $4 bytea  head
INSERT INTO generation (id, realm, source, reader, path, head_len, head)
SELECT (SELECT coalesce(max(id), 0) + 1 FROM generation), s.realm, s.id, s.id, $2, $3, $4
FROM source AS s
WHERE s.id = $1
RETURNING id;
