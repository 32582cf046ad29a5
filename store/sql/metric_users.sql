-- SPDX-License-Identifier: Apache-2.0
-- What users sent and got over whole UTC days.
--   $1 int4         realm
--   $2 timestamptz  since: a UTC day
--   $3 timestamptz  until, exclusive: a UTC day
--   $4 text         domain of the users; null = all
--   $5 text         bare JID; null = all
--   $6 boolean      each day by itself
--   $7 int4         order: 0 not confirmed, 1 sent, 2 received, 3 JID, day
--   $8 int8         at most so many
WITH u AS (
     SELECT r.jid, CASE WHEN $6::boolean THEN r.day END AS day,
            sum(r.sent)::int8 AS sent, sum(r.requested)::int8 AS requested,
            sum(r.confirmed)::int8 AS confirmed, sum(r.failed)::int8 AS failed,
            sum(r.read_requested)::int8 AS read_requested, sum(r.read)::int8 AS read,
            sum(r.received)::int8 AS received
     FROM rollup_user AS r
     WHERE r.realm = $1 AND r.day >= ($2::timestamptz AT TIME ZONE 'UTC')::date
       AND r.day < ($3::timestamptz AT TIME ZONE 'UTC')::date
       AND ($5::text IS NULL OR r.jid IN (SELECT j.id FROM jid AS j WHERE j.jid = $5))
     GROUP BY r.jid, 2)
SELECT j.jid, u.day::timestamp AT TIME ZONE 'UTC', u.sent, u.requested, u.confirmed, u.failed,
       u.read_requested, u.read, u.received
FROM u
JOIN jid AS j ON j.id = u.jid
WHERE ($4::text IS NULL OR j.domain = $4) AND (u.sent <> 0 OR u.received <> 0)
ORDER BY CASE $7::int4 WHEN 0 THEN u.confirmed - u.requested WHEN 1 THEN -u.sent
         WHEN 2 THEN -u.received END, j.jid COLLATE "C", u.day
LIMIT $8;
