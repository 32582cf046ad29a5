-- SPDX-License-Identifier: Apache-2.0
-- What changes from one look to the next.
--   $1 int4         realm
--   $2 timestamptz  what was sent later waits, else it is expired (S3)
SELECT (SELECT coalesce(sum(r.sent), 0)::int8
        FROM rollup AS r
        WHERE r.realm = $1 AND r.grain = 2) AS sent,
       (SELECT min(m.sent_at)
        FROM message AS m
        WHERE m.realm = $1 AND m.class <= 2 AND m.id IS NOT NULL AND m.flags & 1048581 <> 0
          AND m.state < 4 AND m.sent_at > $2::timestamptz) AS oldest_waiting;
