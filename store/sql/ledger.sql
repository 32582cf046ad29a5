-- SPDX-License-Identifier: Apache-2.0
-- All migrations that were applied, oldest first.
SELECT number, name, sha256, applied_at
FROM receiptd.receiptd_migration
ORDER BY number;
