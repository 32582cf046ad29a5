-- SPDX-License-Identifier: Apache-2.0
-- Reports: as seal_rows_message. Not what retention takes out.
--   $1 timestamptz  from
--   $2 timestamptz  until, exclusive
SELECT r
FROM (SELECT p.stored_at, seal_report(p.realm, p.period, p.day, p.zone, p.revision, NULL) AS row, p.made_at,
             p.complete_until, p.incomplete, p.final
      FROM report AS p
      WHERE p.stored_at >= $1 AND p.stored_at < $2
      ORDER BY 2) AS r;
