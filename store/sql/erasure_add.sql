-- SPDX-License-Identifier: Apache-2.0
-- That it was done, without what.
--   $1 int8   id
--   $2 text   erase, or allow
--   $3 text   who ran it
--   $4 bytea  HMAC of the JID
--   $5 text   reason, or null
--   $6 text   rows by table, JSON
INSERT INTO erasure (id, what, by, who, reason, tables, scrubbed_at)
VALUES ($1, $2, $3, $4, $5, $6, CASE WHEN $2::text = 'allow' THEN clock_timestamp() END);
