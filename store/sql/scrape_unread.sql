-- SPDX-License-Identifier: Apache-2.0
-- Gaps by cause and quarantine by reason, the most frequent first; what follows them is one row without a name.
--   $1 int4  realm
--   $2 int4  names at most, of each
WITH d AS (
     SELECT false AS quarantined, left(g.cause, 80) AS name, count(*) AS n,
            coalesce(sum(g.lost), 0) AS lost
     FROM gap AS g
     WHERE g.realm = $1
     GROUP BY 2
     UNION ALL
     SELECT true, left(q.reason, 80), sum(q.n), 0
     FROM (SELECT q.reason, count(*) AS n FROM quarantine AS q WHERE q.realm = $1 GROUP BY q.reason
           UNION ALL
           SELECT r.reason, sum(r.records) FROM quarantine_range AS r WHERE r.realm = $1
           GROUP BY r.reason) AS q
     GROUP BY 2),
n AS (
     SELECT d.*, row_number() OVER (PARTITION BY d.quarantined ORDER BY d.n DESC, d.name COLLATE "C")
                 AS place
     FROM d)
SELECT n.quarantined, CASE WHEN n.place <= $2::int4 THEN n.name END AS name, sum(n.n)::int8,
       sum(n.lost)::int8
FROM n
GROUP BY 1, 2
ORDER BY 1, 2 NULLS LAST;
