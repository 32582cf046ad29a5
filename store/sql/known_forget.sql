-- SPDX-License-Identifier: Apache-2.0
-- Facts about devices, accounts and archives that are too old.
--   $1 timestamptz  last seen before
SELECT forget_known($1);
