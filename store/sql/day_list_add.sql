-- SPDX-License-Identifier: Apache-2.0
-- The conversations of a day are listed, unless a batch stored something of it since they were looked up. Lanes are
-- locked by the statement before: the next batch sees what this one did.
--   $1 date  UTC day
--   $2 int8  the newest commit before they were looked up
INSERT INTO day_list (day, commit)
SELECT $1::date, $2::int8
WHERE NOT EXISTS (SELECT FROM known_keys AS k WHERE k.commit > $2 AND k.day = $1)
  AND NOT EXISTS (SELECT FROM day_list AS l WHERE l.day = $1);
