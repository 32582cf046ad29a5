-- SPDX-License-Identifier: Apache-2.0
-- Takes the bodies out of a day.
--   $1 date  UTC day
SELECT strip_day($1);
