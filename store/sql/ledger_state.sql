-- SPDX-License-Identifier: Apache-2.0
-- Whether there is a schema of that name, and whether it is ours.
SELECT to_regnamespace('receiptd') IS NOT NULL AS has_schema,
       to_regclass('receiptd.receiptd_migration') IS NOT NULL AS has_ledger;
