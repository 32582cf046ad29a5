-- SPDX-License-Identifier: Apache-2.0
-- Files of reports: as seal_rows_message. The digest stands for the bytes, which retention and erasures take out.
--   $1 timestamptz  from
--   $2 timestamptz  until, exclusive
SELECT r
FROM (SELECT p.stored_at, seal_report(f.realm, f.period, f.day, f.zone, f.revision, f.format) AS row, f.name, f.bytes,
             f.sha256
      FROM report AS p
      JOIN report_file AS f ON f.realm = p.realm AND f.period = p.period AND f.day = p.day AND f.zone = p.zone
                           AND f.revision = p.revision
      WHERE p.stored_at >= $1 AND p.stored_at < $2
      ORDER BY 2) AS r;
