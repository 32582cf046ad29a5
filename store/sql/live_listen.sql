-- SPDX-License-Identifier: Apache-2.0
-- To be told of each commit (batch_add.sql).
LISTEN receiptd_commit;
