-- SPDX-License-Identifier: Apache-2.0
-- Keys that have rows or evidence in a span, by conversation.
--   $1 int4         realm
--   $2 timestamptz  since
--   $3 timestamptz  until, exclusive
SELECT r FROM (
SELECT m.conv, m.key
FROM message AS m
WHERE m.realm = $1 AND m.sent_at >= $2 AND m.sent_at < $3
UNION
SELECT a.conv, a.key
FROM ack AS a
WHERE a.realm = $1 AND a.seen_at >= $2 AND a.seen_at < $3
ORDER BY 1, 2
) AS r;
