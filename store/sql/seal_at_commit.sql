-- SPDX-License-Identifier: Apache-2.0
-- The seal of a commit.
--   $1 int8  commit
SELECT s.number, s.day
FROM seal AS s
WHERE s.after_commit < $1 AND s.upto_commit >= $1;
