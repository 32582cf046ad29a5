-- SPDX-License-Identifier: Apache-2.0
-- Reports, the newest period first, of each its revisions downwards.
--   $1 int4  realm; 0 = all
--   $2 text  period, null = any
--   $3 date  not before, null = any   $4 date  before, null = any
--   $5 text  zone, null = any
--   $6 int4  revision, null = any, 0 = the newest
--   $7 int8  most
SELECT r.realm, r.period, r.day, r.zone, r.revision, r.made_at, r.complete_until, r.incomplete,
       r.final, r.figures, f.formats, f.names, f.bytes, f.sha256, f.kept, d.ways, d.tries, d.next_at,
       d.done_at, d.problems
FROM report AS r
LEFT JOIN LATERAL (
     SELECT array_agg(f.format ORDER BY f.format) AS formats,
            array_agg(f.name ORDER BY f.format) AS names,
            array_agg(f.bytes ORDER BY f.format) AS bytes,
            array_agg(encode(f.sha256, 'hex') ORDER BY f.format) AS sha256,
            bool_and(f.content IS NOT NULL) AS kept
     FROM report_file AS f
     WHERE f.realm = r.realm AND f.period = r.period AND f.day = r.day AND f.zone = r.zone
       AND f.revision = r.revision) AS f ON true
LEFT JOIN LATERAL (
     SELECT array_agg(d.way ORDER BY d.way) AS ways,
            array_agg(d.tries ORDER BY d.way) AS tries,
            array_agg(d.next_at ORDER BY d.way) AS next_at,
            array_agg(d.done_at ORDER BY d.way) AS done_at,
            array_agg(d.problem ORDER BY d.way) AS problems
     FROM report_delivery AS d
     WHERE d.realm = r.realm AND d.period = r.period AND d.day = r.day AND d.zone = r.zone
       AND d.revision = r.revision) AS d ON true
WHERE ($1 = 0 OR r.realm = $1) AND ($2::text IS NULL OR r.period = $2)
  AND ($3::date IS NULL OR r.day >= $3) AND ($4::date IS NULL OR r.day < $4)
  AND ($5::text IS NULL OR r.zone = $5)
  AND ($6::int4 IS NULL OR r.revision = $6
       OR ($6 = 0 AND NOT EXISTS (
            SELECT FROM report AS n
            WHERE n.realm = r.realm AND n.period = r.period AND n.day = r.day AND n.zone = r.zone
              AND n.revision > r.revision)))
ORDER BY r.day DESC, r.period, r.zone, r.realm, r.revision DESC
LIMIT $7;
