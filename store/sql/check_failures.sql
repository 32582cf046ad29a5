-- SPDX-License-Identifier: Apache-2.0
-- What failed by condition, where it is not what the rows come to, as check_rollup.sql.
--   $1 int4         realm
--   $2 timestamptz  since: a UTC day
--   $3 timestamptz  until, exclusive: a UTC day
--   $4 int8         at most so many
WITH s AS (
     SELECT r.day, r.from_domain, r.to_domain, r.condition, sum(r.failed) AS failed,
            sum(r.requested) AS requested
     FROM rollup_failure AS r
     WHERE r.realm = $1 AND r.day >= ($2::timestamptz AT TIME ZONE 'UTC')::date
       AND r.day <= (($3::timestamptz - interval '1 microsecond') AT TIME ZONE 'UTC')::date
     GROUP BY r.day, r.from_domain, r.to_domain, r.condition),
c AS (
     SELECT c.day, c.from_domain, c.to_domain, c.condition, c.failed, c.requested
     FROM failures_of_rows($1, $2, $3) AS c)
SELECT 'rollup_failure from ' || coalesce(s.from_domain, c.from_domain)
       || ' to ' || coalesce(s.to_domain, c.to_domain)
       || ' ' || coalesce(s.condition, c.condition) AS what,
       coalesce(s.day, c.day)::timestamp AT TIME ZONE 'UTC' AS at, v.name,
       coalesce(v.stored, 0)::text, coalesce(v.made, 0)::text
FROM s
FULL JOIN c ON c.day = s.day AND c.from_domain = s.from_domain AND c.to_domain = s.to_domain
          AND c.condition = s.condition
CROSS JOIN LATERAL (VALUES ('failed', s.failed, c.failed), ('requested', s.requested, c.requested))
     AS v (name, stored, made)
WHERE coalesce(v.stored, 0) <> coalesce(v.made, 0)
ORDER BY coalesce(s.day, c.day), what, v.name
LIMIT $4;
