-- SPDX-License-Identifier: Apache-2.0
-- Evidence rows that were loaded and are written anew.
--   $1 int8[]         conversation
--   $2 timestamptz[]  seen_at
--   $3 int8[]         key
--   $4 timestamptz[]  days (put_in_days)
DELETE FROM ack AS a
USING unnest($1::int8[], $2::timestamptz[], $3::int8[]) AS u (conv, seen_at, key)
WHERE a.conv = u.conv AND a.seen_at = u.seen_at AND a.key = u.key
  AND in_days(a.seen_at, $4::timestamptz[]);
