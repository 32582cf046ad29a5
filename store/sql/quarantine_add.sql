-- SPDX-License-Identifier: Apache-2.0
-- A record that could not be used; found again in the same place it is there already.
--   $1 int4  realm, $2 int4 source, $3 int4 generation
--   $4 int8  offset, $5 int4 index, $6 int8 length
--   $7 timestamptz  record time
--   $8 text  reason
--   $9 bytea its bytes
--   $10 bool only because nothing follows in its file
INSERT INTO quarantine
       (realm, source, generation, "offset", "index", length, at, reason, raw, at_end)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
ON CONFLICT (generation, "offset", "index") DO NOTHING;
