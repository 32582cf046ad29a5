-- SPDX-License-Identifier: Apache-2.0
-- Removes the facts and the positions.
--   $1 int4 realm, $2 timestamptz since, $3 timestamptz until, $4 int4[] sources
SELECT forget_interval($1, $2, $3, $4);
