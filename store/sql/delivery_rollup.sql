-- SPDX-License-Identifier: Apache-2.0
-- Sums of roll-ups, a row for each piece of which there are any, in the order of the pieces: each is read by the
-- index, so nothing is sorted, and the caller adds up while the next ones are read.
--   $1 int4           realm
--   $2 int2[]         pieces: rollup.grain
--   $3 timestamptz[]  from, $4 timestamptz[] to, exclusive
--   $5 text           domain of the sender, $6 text of the recipient; null = any
SELECT t
FROM (
     SELECT p.n, s.*
     FROM unnest($2::int2[], $3::timestamptz[], $4::timestamptz[])
          WITH ORDINALITY AS p (grain, lo, hi, n)
     CROSS JOIN LATERAL (
          SELECT
-- include rollup_sums
          FROM rollup AS r
          WHERE r.realm = $1 AND r.grain = p.grain AND r.bucket >= p.lo AND r.bucket < p.hi
            AND ($5::text IS NULL OR r.from_domain = $5)
            AND ($6::text IS NULL OR r.to_domain = $6)
          HAVING count(*) > 0) AS s) AS t;
