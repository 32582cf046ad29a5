-- SPDX-License-Identifier: Apache-2.0
-- Who reads these generations has looked at them up to the end of their files.
--   $1 int4[]       generations
--   $2 timestamptz  when, clock of the ingester
UPDATE source AS s
SET checked_at = greatest(s.checked_at, $2)
FROM (SELECT DISTINCT g.reader FROM generation AS g WHERE g.id = ANY ($1::int4[])) AS g
WHERE s.id = g.reader;
