-- SPDX-License-Identifier: Apache-2.0
-- The settled columns of changed rows.
--   $1 int8           commit
--   $2 int8[]         conversation
--   $3 timestamptz[]  sent_at
--   $4 int8[]         key
--   $5 int4[]         n
--   $6 timestamptz[]  inferred reading, null = none
--   $7 int2[]         by what
--   $8 int8[]         response, -1 = none
--   $9 timestamptz[]  days (put_in_days)
UPDATE message AS m
SET read_inferred_at = u.read_at, read_via = u.via, response_ms = u.response, commit = $1
FROM unnest($2::int8[], $3::timestamptz[], $4::int8[], $5::int4[], $6::timestamptz[], $7::int2[],
            $8::int8[]) AS u (conv, sent_at, key, n, read_at, via, response)
WHERE m.conv = u.conv AND m.sent_at = u.sent_at AND m.key = u.key AND m.n = u.n
  AND in_days(m.sent_at, $9::timestamptz[]);
