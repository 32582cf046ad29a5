-- SPDX-License-Identifier: Apache-2.0
-- That it was done, without what.
--   $1 int8   id
--   $2 text   who ran it
--   $3 bytea  HMAC of the JID
--   $4 text   reason, or null
--   $5 text   rows by table, JSON
INSERT INTO erasure (id, by, who, reason, tables)
VALUES ($1, $2, $3, $4, $5);
