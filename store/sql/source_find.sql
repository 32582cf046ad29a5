-- SPDX-License-Identifier: Apache-2.0
--   $1 int4  realm
--   $2 text  name
SELECT id, dialect, path, live
FROM source
WHERE realm = $1 AND name = $2;
