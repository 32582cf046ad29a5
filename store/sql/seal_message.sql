-- SPDX-License-Identifier: Apache-2.0
-- The newest incarnation of a message, where it is.
--   $1 int8 conv, $2 int8 key
SELECT m.sent_at, m.n, m.commit
FROM message AS m
WHERE m.conv = $1 AND m.key = $2
ORDER BY m.n DESC
LIMIT 1;
