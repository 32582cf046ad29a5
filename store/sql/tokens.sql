-- SPDX-License-Identifier: Apache-2.0
-- All tokens, without their hashes.
SELECT name, scopes, domains, created_at, expires_at, revoked_at, used_at
FROM token
ORDER BY name;
