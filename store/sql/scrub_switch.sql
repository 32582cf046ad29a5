-- SPDX-License-Identifier: Apache-2.0
-- A commit with a number is a record, so that there is something to switch from.
SELECT pg_current_xact_id()::text, pg_switch_wal()::text;
