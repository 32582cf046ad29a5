-- SPDX-License-Identifier: Apache-2.0
-- Somebody may come back, with the nicks that were erased with them.
--   $1 bytea  HMAC of the bare JID
DELETE FROM suppressed AS s
WHERE s.who = $1 OR s.erasure IN (SELECT e.id FROM erasure AS e WHERE e.who = $1 AND e.what = 'erase');
