-- SPDX-License-Identifier: Apache-2.0
-- Nobody can listen on a standby.
SELECT pg_is_in_recovery();
