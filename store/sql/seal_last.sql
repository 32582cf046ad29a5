-- SPDX-License-Identifier: Apache-2.0
-- The newest seal.
SELECT s.number, s.day, s.upto_commit, s.until
FROM seal AS s
ORDER BY s.number DESC
LIMIT 1;
