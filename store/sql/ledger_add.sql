-- SPDX-License-Identifier: Apache-2.0
--   $1 int4   number of the file
--   $2 text   its name
--   $3 bytea  its SHA-256
INSERT INTO receiptd.receiptd_migration (number, name, sha256)
VALUES ($1, $2, $3);
