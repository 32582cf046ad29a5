-- SPDX-License-Identifier: Apache-2.0
-- Longest time of a statement of this connection (F145).
--   $1 text  milliseconds, 0: none
SELECT set_config('statement_timeout', $1, false);
