-- SPDX-License-Identifier: Apache-2.0
-- JIDs that were erased and may come back get their names; gives those whose hash names another text.
--   $1 int8[]  id
--   $2 text[]  JID
SELECT j.id
FROM jid_again($1, $2) AS j (id);
