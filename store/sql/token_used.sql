-- SPDX-License-Identifier: Apache-2.0
-- Notes the use of a token, at most once a minute.
--   $1 bytea  SHA-256 of its text
UPDATE token
SET used_at = clock_timestamp()
WHERE sha256 = $1 AND revoked_at IS NULL
  AND (used_at IS NULL OR used_at < clock_timestamp() - interval '1 minute');
