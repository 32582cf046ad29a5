-- SPDX-License-Identifier: Apache-2.0
--   $1 text  name
UPDATE token
SET revoked_at = coalesce(revoked_at, clock_timestamp())
WHERE name = $1;
