-- SPDX-License-Identifier: Apache-2.0
-- A file of a revision.
--   $1 int4  realm   $2 text  period   $3 date  day   $4 text  zone   $5 int4  revision
--   $6 text  format  $7 text  name     $8 bytea  sha256   $9 bytea  content
INSERT INTO report_file (realm, period, day, zone, revision, format, name, bytes, sha256, content)
VALUES ($1, $2, $3, $4, $5, $6, $7, length($9::bytea), $8, $9::bytea);
