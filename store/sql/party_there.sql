-- SPDX-License-Identifier: Apache-2.0
-- Is there any of these conversations?
--   $1 int8[]  conversations, few
SELECT true FROM party AS p WHERE p.conv = ANY ($1::int8[]) LIMIT 1;
