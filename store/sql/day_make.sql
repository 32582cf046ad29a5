-- SPDX-License-Identifier: Apache-2.0
-- Partitions of one day. False: none could be made, its rows go to the rest; or it was dropped.
--   $1 date  UTC day
SELECT CASE WHEN EXISTS (SELECT FROM dropped_day AS d WHERE d.day = $1) THEN false
            ELSE make_day($1) END;
