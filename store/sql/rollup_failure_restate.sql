-- SPDX-License-Identifier: Apache-2.0
-- What failed in an interval by condition, anew from the rows.
--   $1 int4         realm
--   $2 timestamptz  since: a UTC day
--   $3 timestamptz  until, exclusive: a UTC day
INSERT INTO rollup_failure
       (realm, lane, day, from_domain, to_domain, condition, failed, requested)
SELECT $1::int4, 0, c.day, c.from_domain, c.to_domain, c.condition, c.failed, c.requested
FROM failures_of_rows($1, $2, $3) AS c
WHERE c.day NOT IN (SELECT d.day FROM dropped_days() AS d (day));
