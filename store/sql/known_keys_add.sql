-- SPDX-License-Identifier: Apache-2.0
-- Keys that this batch stores, by day.
--   $1 int2     lane
--   $2 int8     commit
--   $3 date[]   day
--   $4 bytea[]  keys
INSERT INTO known_keys (lane, day, commit, keys)
SELECT $1, u.day, $2, u.keys
FROM unnest($3::date[], $4::bytea[]) AS u (day, keys);
