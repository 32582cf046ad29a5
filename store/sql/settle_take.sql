-- SPDX-License-Identifier: Apache-2.0
-- What waits, the oldest first; conversations whole, as far as the number goes.
--   $1 int4  realm
--   $2 int8  at most so many
SELECT u.conv, u.day, min(u.lo), max(u.hi), bool_or(u.reaches)
FROM settle_unit AS u
WHERE u.conv IN (SELECT s.conv FROM settle_unit AS s WHERE s.realm = $1 ORDER BY s.since LIMIT $2)
GROUP BY u.conv, u.day
ORDER BY u.conv, u.day
LIMIT $2;
