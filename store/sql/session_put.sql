-- SPDX-License-Identifier: Apache-2.0
-- Facts that a dialect remembers; each key once.
--   $1 int4[]  source
--   $2 text[]  key
--   $3 text[]  value
INSERT INTO source_session (source, key, value)
SELECT u.source, u.key, u.value
FROM unnest($1::int4[], $2::text[], $3::text[]) AS u (source, key, value)
ON CONFLICT (source, key) DO UPDATE
SET value = excluded.value;
