-- SPDX-License-Identifier: Apache-2.0
--   $1 int4  source
SELECT key, value
FROM source_session
WHERE source = $1
ORDER BY key;
