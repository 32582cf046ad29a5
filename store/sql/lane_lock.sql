-- SPDX-License-Identifier: Apache-2.0
-- Locks lanes up to the end of the transaction: one batch at a time.
--   $1 int2[]  lanes
SELECT l.fence, l.commit, l.upheavals
FROM lane AS l
WHERE l.id = ANY ($1::int2[])
ORDER BY l.id
FOR UPDATE;
