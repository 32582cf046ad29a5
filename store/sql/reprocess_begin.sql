-- SPDX-License-Identifier: Apache-2.0
-- Remembers what is dropped now. None: another one is unfinished.
--   $1 int4         realm
--   $2 timestamptz  since, $3 timestamptz until
INSERT INTO reprocess (realm, since, until)
VALUES ($1, $2, $3)
ON CONFLICT (realm) DO NOTHING;
