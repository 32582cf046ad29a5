-- SPDX-License-Identifier: Apache-2.0
-- What came of messages to devices, where it is not what the rows come to, as check_rollup.sql.
--   $1 int4         realm
--   $2 timestamptz  since: a UTC day
--   $3 timestamptz  until, exclusive: a UTC day
--   $4 int8         at most so many
WITH r AS (
     SELECT r.day, r.to_domain, r.device, r.sent, r.unknown, r.failed, r.requested, r.confirmed,
            r.requested_failed, r.read_requested, r.read, r.bins, r.counts
     FROM rollup_device AS r
     WHERE r.realm = $1 AND r.day >= ($2::timestamptz AT TIME ZONE 'UTC')::date
       AND r.day <= (($3::timestamptz - interval '1 microsecond') AT TIME ZONE 'UTC')::date),
s AS (
     SELECT r.day, r.to_domain, r.device, v.name, sum(v.n) AS n
     FROM r
     CROSS JOIN LATERAL (VALUES ('sent', r.sent), ('unknown', r.unknown), ('failed', r.failed),
          ('requested', r.requested), ('confirmed', r.confirmed),
          ('requested_failed', r.requested_failed), ('read_requested', r.read_requested),
          ('read', r.read)) AS v (name, n)
     GROUP BY r.day, r.to_domain, r.device, v.name
     UNION ALL
     SELECT r.day, r.to_domain, r.device, 'bin ' || b.bin, sum(b.n)
     FROM r
     CROSS JOIN LATERAL unnest(r.bins, r.counts) AS b (bin, n)
     GROUP BY r.day, r.to_domain, r.device, b.bin),
c AS (
     SELECT c.day, c.to_domain, c.device, v.name, v.n
     FROM devices_of_rows($1, $2, $3) AS c
     CROSS JOIN LATERAL (VALUES ('sent', c.sent), ('unknown', c.unknown), ('failed', c.failed),
          ('requested', c.requested), ('confirmed', c.confirmed),
          ('requested_failed', c.requested_failed), ('read_requested', c.read_requested),
          ('read', c.read)) AS v (name, n)
     UNION ALL
     SELECT b.day, b.to_domain, b.device, 'bin ' || b.bin, b.n
     FROM device_bins_of_rows($1, $2, $3) AS b),
d AS (
     SELECT coalesce(s.day, c.day) AS day, coalesce(s.to_domain, c.to_domain) AS to_domain,
            coalesce(s.device, c.device) AS device, coalesce(s.name, c.name) AS name,
            coalesce(s.n, 0) AS stored, coalesce(c.n, 0) AS made
     FROM s
     FULL JOIN c ON c.day = s.day AND c.to_domain = s.to_domain AND c.device = s.device
               AND c.name = s.name)
SELECT 'rollup_device ' || d.to_domain || ' ' || d.device AS what,
       d.day::timestamp AT TIME ZONE 'UTC' AS at, d.name, d.stored::text, d.made::text
FROM d
WHERE d.stored <> d.made
ORDER BY d.day, what, d.name
LIMIT $4;
