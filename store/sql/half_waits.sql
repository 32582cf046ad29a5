-- SPDX-License-Identifier: Apache-2.0
-- Did a file that this reader read end inside a record, and its other half was not found?
--   $1 int4  source
SELECT EXISTS (SELECT FROM quarantine AS q
               JOIN generation AS g ON g.id = q.generation
               WHERE g.reader = $1 AND q.at_end AND q.other_half IS NULL);
