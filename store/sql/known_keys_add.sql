-- SPDX-License-Identifier: Apache-2.0
-- Keys that this batch stores, by day. Of these days the conversations are not listed any more (day_list).
--   $1 int2     lane
--   $2 int8     commit
--   $3 date[]   day
--   $4 bytea[]  keys
WITH gone AS (DELETE FROM day_list AS l WHERE l.day = ANY ($3::date[]))
INSERT INTO known_keys (lane, day, commit, keys)
SELECT $1, u.day, $2, u.keys
FROM unnest($3::date[], $4::bytea[]) AS u (day, keys);
