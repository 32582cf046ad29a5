-- SPDX-License-Identifier: Apache-2.0
-- Drops a day.
--   $1 date  UTC day
--   $2 text  reason
SELECT drop_day($1, $2);
