-- SPDX-License-Identifier: Apache-2.0
-- Which of these days were dropped.
--   $1 date[]  UTC days
SELECT d.day
FROM dropped_day AS d
WHERE d.day = ANY ($1::date[]);
