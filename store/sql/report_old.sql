-- SPDX-License-Identifier: Apache-2.0
-- Files that retention may take: made before then, or beyond so many bytes, the newest counted first; never
-- of the newest report.
--   $1 int4  realm   $2 timestamptz  before, null = no limit   $3 int8  bytes, 0 = no limit
SELECT k.period, k.day, k.zone, k.revision, k.name, k.format
FROM (SELECT f.period, f.day, f.zone, f.revision, f.name, f.format, r.made_at,
             sum(f.bytes) OVER (ORDER BY r.made_at DESC, f.day DESC, f.revision DESC, f.format) AS upto,
             max(r.made_at) OVER () AS newest
      FROM report_file AS f
      JOIN report AS r ON r.realm = f.realm AND r.period = f.period AND r.day = f.day
                      AND r.zone = f.zone AND r.revision = f.revision
      WHERE f.realm = $1 AND f.content IS NOT NULL) AS k
WHERE k.made_at < k.newest AND (k.made_at < $2::timestamptz OR ($3::int8 > 0 AND k.upto > $3::int8));
