-- SPDX-License-Identifier: Apache-2.0
--   $1 int8[]  conversation
--   $2 date[]  UTC day
DELETE FROM settle_unit AS s
USING unnest($1::int8[], $2::date[]) AS u (conv, day)
WHERE s.conv = u.conv AND s.day = u.day;
