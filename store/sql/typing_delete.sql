-- SPDX-License-Identifier: Apache-2.0
--   $1 int8[]         conversation
--   $2 timestamptz[]  start
--   $3 int8[]         device
DELETE FROM typing AS t
USING unnest($1::int8[], $2::timestamptz[], $3::int8[]) AS u (conv, start_at, device)
WHERE t.conv = u.conv AND t.start_at = u.start_at AND t.device = u.device;
