-- SPDX-License-Identifier: Apache-2.0
-- What came for days that were dropped, under the day it belongs to.
--   $1 int4    realm
--   $2 date[]  days
--   $3 int8[]  rows
INSERT INTO line_counter AS c (realm, source, day, name, n)
SELECT $1, 0, u.day, 'late_dropped', u.n
FROM unnest($2::date[], $3::int8[]) AS u (day, n)
ON CONFLICT (realm, source, day, name) DO UPDATE
SET n = c.n + excluded.n;
