-- SPDX-License-Identifier: Apache-2.0
-- What the next seal covers. With the lanes and the access log locked: all that it covers is committed.
--   $1 int8        newest commit that is sealed
--   $2 timestamptz UTC days up to here are over
WITH first AS (
     SELECT min(b.at) AS at FROM batch AS b WHERE b.commit > $1 AND b.at < $2),
cut AS (
     SELECT least($2, ((f.at AT TIME ZONE 'UTC')::date + 1)::timestamp AT TIME ZONE 'UTC') AS at
     FROM first AS f)
SELECT cut.at, coalesce((SELECT max(b.commit) FROM batch AS b WHERE b.commit > $1 AND b.at < cut.at), $1),
       clock_timestamp()
FROM cut;
