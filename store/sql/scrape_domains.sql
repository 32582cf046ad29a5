-- SPDX-License-Identifier: Apache-2.0
-- Domains that senders and recipients are of, the most used first; what follows them is one row without
-- a name. Of the last days only: there can be many domains.
--   $1 int4  realm
--   $2 timestamptz  since the start of this UTC day
--   $3 int4  domains with a name, at most, at either end
WITH d AS (
     SELECT e.receives, e.domain, sum(r.sent) AS sent, sum(r.requested) AS requested,
            sum(r.confirmed) AS confirmed, sum(r.requested_failed) AS failed
     FROM rollup AS r
     CROSS JOIN LATERAL (VALUES (false, r.from_domain), (true, r.to_domain)) AS e (receives, domain)
     WHERE r.realm = $1 AND r.grain = 3 AND r.bucket >= $2::timestamptz
     GROUP BY e.receives, e.domain),
n AS (
     SELECT d.*, row_number() OVER (PARTITION BY d.receives
                                    ORDER BY d.domain = '', d.sent DESC, d.domain COLLATE "C") AS place
     FROM d)
SELECT n.receives, CASE WHEN n.place <= $3::int4 AND n.domain <> '' THEN n.domain END AS name,
       sum(n.sent)::int8, sum(n.requested)::int8, sum(n.confirmed)::int8, sum(n.failed)::int8
FROM n
GROUP BY 1, 2
ORDER BY 1, 2 NULLS LAST;
