-- SPDX-License-Identifier: Apache-2.0
-- A token that is good now. The same statement says whose rows this connection sees from then on (F191): those of
-- the token's domains, all ("*"), or nothing when there is no such token (name is null then).
--   $1 bytea  SHA-256 of its text
SELECT t.name, t.scopes, t.domains, t.created_at, t.expires_at, t.revoked_at, t.used_at,
       set_config('receiptd.domains',
                  CASE WHEN t.name IS NULL THEN ''
                       WHEN cardinality(t.domains) = 0 THEN '*'
                       ELSE array_to_string(t.domains, ' ') END, false)
FROM (VALUES (1)) AS always
LEFT JOIN token AS t ON t.sha256 = $1 AND t.revoked_at IS NULL
                    AND (t.expires_at IS NULL OR t.expires_at > clock_timestamp());
