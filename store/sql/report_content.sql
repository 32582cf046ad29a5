-- SPDX-License-Identifier: Apache-2.0
-- Bytes of one file; null where they were taken out.
--   $1 int4  realm   $2 text  period   $3 date  day   $4 text  zone   $5 int4  revision; 0 = the newest
--   $6 text  format
SELECT f.revision, f.content
FROM report_file AS f
WHERE f.realm = $1 AND f.period = $2 AND f.day = $3 AND f.zone = $4 AND f.format = $6
  AND ($5 = 0 OR f.revision = $5)
ORDER BY f.revision DESC
LIMIT 1;
