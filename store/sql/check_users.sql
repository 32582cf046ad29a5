-- SPDX-License-Identifier: Apache-2.0
-- What users sent and got, where it is not what the rows come to, as check_rollup.sql.
--   $1 int4         realm
--   $2 timestamptz  since: a UTC day
--   $3 timestamptz  until, exclusive: a UTC day
--   $4 int8         at most so many
WITH s AS (
     SELECT r.day, r.jid, sum(r.sent) AS sent, sum(r.requested) AS requested,
            sum(r.confirmed) AS confirmed, sum(r.failed) AS failed,
            sum(r.read_requested) AS read_requested, sum(r.read) AS read,
            sum(r.received) AS received
     FROM rollup_user AS r
     WHERE r.realm = $1 AND r.day >= ($2::timestamptz AT TIME ZONE 'UTC')::date
       AND r.day <= (($3::timestamptz - interval '1 microsecond') AT TIME ZONE 'UTC')::date
     GROUP BY r.day, r.jid),
c AS (
     SELECT c.day, c.jid, c.sent, c.requested, c.confirmed, c.failed, c.read_requested, c.read,
            c.received
     FROM users_of_rows($1, $2, $3) AS c),
d AS (
     SELECT coalesce(s.day, c.day) AS day, coalesce(s.jid, c.jid) AS jid, v.name, v.stored, v.made
     FROM s
     FULL JOIN c ON c.day = s.day AND c.jid = s.jid
     CROSS JOIN LATERAL (VALUES ('sent', s.sent, c.sent), ('requested', s.requested, c.requested),
          ('confirmed', s.confirmed, c.confirmed), ('failed', s.failed, c.failed),
          ('read_requested', s.read_requested, c.read_requested), ('read', s.read, c.read),
          ('received', s.received, c.received)) AS v (name, stored, made)
     WHERE coalesce(v.stored, 0) <> coalesce(v.made, 0))
SELECT 'rollup_user ' || coalesce(j.jid, d.jid::text) AS what,
       d.day::timestamp AT TIME ZONE 'UTC' AS at, d.name,
       coalesce(d.stored, 0)::text, coalesce(d.made, 0)::text
FROM d
LEFT JOIN jid AS j ON j.id = d.jid
ORDER BY d.day, d.jid, d.name
LIMIT $4;
