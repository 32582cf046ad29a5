-- SPDX-License-Identifier: Apache-2.0
-- Evidence rows that were loaded and are written anew. Of sealed ones it is noted that they went.
--   $1 int8[]         conversation
--   $2 timestamptz[]  seen_at
--   $3 int8[]         key
--   $4 timestamptz[]  days (put_in_days)
--   $5 int8           commit
WITH gone AS (
     DELETE FROM ack AS a
     USING unnest($1::int8[], $2::timestamptz[], $3::int8[]) AS u (conv, seen_at, key)
     WHERE a.conv = u.conv AND a.seen_at = u.seen_at AND a.key = u.key
       AND in_days(a.seen_at, $4::timestamptz[])
     RETURNING a.conv, a.seen_at, a.key, a.position, a.by_jid, a.kind, a.commit)
INSERT INTO seal_gone (kind, day, row, commit)
SELECT 2, (g.seen_at AT TIME ZONE 'UTC')::date,
       seal_ack(g.conv, g.seen_at, g.key, g.position, g.by_jid, g.kind), $5
FROM gone AS g
WHERE g.commit <= (SELECT s.upto FROM seal_state AS s);
