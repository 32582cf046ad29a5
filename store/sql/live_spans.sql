-- SPDX-License-Identifier: Apache-2.0
-- What some commits wrote, and between when.
--   $1 int4  realm
--   $2 int8  after this commit number, $3 int8 up to this one
SELECT CASE WHEN b.realm = $1 THEN b.inserted + b.updated ELSE 0 END,
       CASE WHEN b.realm = $1 THEN b.spans END
FROM batch AS b
WHERE b.commit > $2 AND b.commit <= $3
ORDER BY b.commit;
