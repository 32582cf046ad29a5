-- SPDX-License-Identifier: Apache-2.0
--   $1 int8[]  id
SELECT j.id, j.jid
FROM jid AS j
WHERE j.id = ANY ($1);
