-- SPDX-License-Identifier: Apache-2.0
-- The bytes of a file go; name, size and digest stay.
--   $1 int4  realm   $2 text  period   $3 date  day   $4 text  zone   $5 int4  revision   $6 text  format
UPDATE report_file AS f
SET content = NULL
WHERE f.realm = $1 AND f.period = $2 AND f.day = $3 AND f.zone = $4 AND f.revision = $5 AND f.format = $6;
