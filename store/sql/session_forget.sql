-- SPDX-License-Identifier: Apache-2.0
-- Facts that a dialect forgot.
--   $1 int4[]  source
--   $2 text[]  key
DELETE FROM source_session AS s
USING unnest($1::int4[], $2::text[]) AS u (source, key)
WHERE s.source = u.source AND s.key = u.key;
