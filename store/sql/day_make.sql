-- SPDX-License-Identifier: Apache-2.0
-- Partitions of one day. False: none could be made, its rows go to the rest.
--   $1 date  UTC day
SELECT make_day($1);
