-- SPDX-License-Identifier: Apache-2.0
-- All that is held on somebody, as JSON.
--   $1 int8  jid.id
--   $2 text  bare JID
SELECT p.part, p.line
FROM person_rows($1, $2) AS p;
