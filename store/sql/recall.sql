-- SPDX-License-Identifier: Apache-2.0
-- What is known at low water of a generation.
--   $1 int4  generation
SELECT key, value
FROM dialect_fact
WHERE generation = $1 AND NOT at_end
ORDER BY key;
