-- SPDX-License-Identifier: Apache-2.0
-- Under which JIDs somebody is stored.
--   $1 int8  jid.id
--   $2 text  bare JID
SELECT t.id, t.jid
FROM erase_targets($1, $2) AS t;
