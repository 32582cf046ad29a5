-- SPDX-License-Identifier: Apache-2.0
-- Who must not come back; who is there stays as it is.
--   $1 bytea[]  HMACs of JIDs
--   $2 int8     erasure
INSERT INTO suppressed (who, erasure)
SELECT DISTINCT u.who, $2::int8
FROM unnest($1::bytea[]) AS u (who)
ON CONFLICT (who) DO NOTHING;
