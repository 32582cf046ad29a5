-- SPDX-License-Identifier: Apache-2.0
-- Settled findings that do not hold any more.
--   $1 int8[]  conversation
--   $2 int8[]  key
--   $3 int8[]  element
DELETE FROM finding AS f
USING unnest($1::int8[], $2::int8[], $3::int8[]) AS u (conv, key, element)
WHERE f.conv = u.conv AND f.key = u.key AND f.element = u.element;
