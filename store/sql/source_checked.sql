-- SPDX-License-Identifier: Apache-2.0
-- Who reads these generations has looked at them up to the end of their files.
--   $1 int4[]         generations
--   $2 timestamptz[]  when each was looked at, clock of the ingester
UPDATE source AS s
SET checked_at = greatest(s.checked_at, g.at)
FROM (SELECT g.reader, max(x.at) AS at
      FROM unnest($1::int4[], $2::timestamptz[]) AS x (id, at)
      JOIN generation AS g ON g.id = x.id
      GROUP BY g.reader) AS g
WHERE s.id = g.reader;
