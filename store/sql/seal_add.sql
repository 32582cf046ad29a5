-- SPDX-License-Identifier: Apache-2.0
-- A seal.
--   $1 int4 number, $2 date day, $3 int8 after, $4 int8 upto, $5 timestamptz since, $6 timestamptz until
--   $7 int8 leaves, $8 bytea root, $9 bytea head, $10 bytea signature, $11 text for ssh-keygen
INSERT INTO seal (number, day, after_commit, upto_commit, since, until, leaves, root, head, signature,
       ssh_signature)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11);
