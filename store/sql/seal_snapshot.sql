-- SPDX-License-Identifier: Apache-2.0
-- A name under which another connection sees the same.
SELECT pg_export_snapshot();
