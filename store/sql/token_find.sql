-- SPDX-License-Identifier: Apache-2.0
-- A token that is good now.
--   $1 bytea  SHA-256 of its text
SELECT name, scopes, domains, created_at, expires_at, revoked_at, used_at
FROM token
WHERE sha256 = $1 AND revoked_at IS NULL
  AND (expires_at IS NULL OR expires_at > clock_timestamp());
