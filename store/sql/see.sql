-- SPDX-License-Identifier: Apache-2.0
-- Whose rows this connection sees from now on (F191, migration 0015).
--   $1 text  '*': all, '': none, else domains separated by blanks
SELECT set_config('receiptd.domains', $1, false);
