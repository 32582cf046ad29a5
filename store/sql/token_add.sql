-- SPDX-License-Identifier: Apache-2.0
--   $1 text         name
--   $2 bytea        SHA-256 of its text
--   $3 int4         scopes
--   $4 text[]       domains, empty: all
--   $5 timestamptz  created, null: now
--   $6 timestamptz  expires, null: never
INSERT INTO token (name, sha256, scopes, domains, created_at, expires_at)
VALUES ($1, $2, $3, $4, coalesce($5, clock_timestamp()), $6)
ON CONFLICT (name) DO NOTHING;
