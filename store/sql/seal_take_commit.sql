-- SPDX-License-Identifier: Apache-2.0
-- Takes the next commit number when all batches are sealed and something was written beside them under it
-- (next_commit): else that would wait for the next batch.
--   $1 int8  newest commit that is to be sealed
UPDATE lane
SET commit = $1 + 1
WHERE id = 0 AND (SELECT max(l.commit) FROM lane AS l) = $1
  AND (EXISTS (SELECT FROM seal_lost AS x WHERE x.commit > $1)
       OR EXISTS (SELECT FROM seal_gone AS x WHERE x.commit > $1)
       OR EXISTS (SELECT FROM dropped_day AS x WHERE x.commit > $1)
       OR EXISTS (SELECT FROM gap AS x WHERE x.commit > $1)
       OR EXISTS (SELECT FROM finding AS x WHERE x.commit > $1))
RETURNING commit;
