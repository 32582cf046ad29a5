-- SPDX-License-Identifier: Apache-2.0
-- Keys that this batch stores, by day; and the days whose conversations are not listed any more (day_list).
--   $1 int2     lane
--   $2 int8     commit
--   $3 date[]   day
--   $4 bytea[]  keys
--   $5 date[]   days of the whole batch; none but for the lane that commits first
WITH gone AS (DELETE FROM day_list AS l WHERE l.day = ANY ($5::date[]))
INSERT INTO known_keys (lane, day, commit, keys, told)
SELECT $1, u.day, $2, u.keys, true
FROM unnest($3::date[], $4::bytea[]) AS u (day, keys);
