-- SPDX-License-Identifier: Apache-2.0
-- Locks a lane up to the end of the transaction: one batch at a time.
--   $1 int2  lane
SELECT l.fence, l.commit
FROM lane AS l
WHERE l.id = $1
FOR UPDATE;
