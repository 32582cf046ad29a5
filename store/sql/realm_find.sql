-- SPDX-License-Identifier: Apache-2.0
--   $1 text  name
SELECT id, rules::text
FROM realm
WHERE name = $1;
