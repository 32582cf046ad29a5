-- SPDX-License-Identifier: Apache-2.0
-- The first that waits to be sent by then, and with which file; nobody else gets it until the lease is over. One that
-- another process is taking at this moment is passed over.
--   $1 int4  realm   $2 timestamptz  by then   $3 timestamptz  end of the lease
WITH next AS (
     SELECT d.period, d.day, d.zone, d.revision, d.way, f.name, r.incomplete, r.final
     FROM report_delivery AS d
     JOIN report AS r ON r.realm = d.realm AND r.period = d.period AND r.day = d.day AND r.zone = d.zone
                     AND r.revision = d.revision
     JOIN report_file AS f ON f.realm = d.realm AND f.period = d.period AND f.day = d.day AND f.zone = d.zone
                          AND f.revision = d.revision AND f.format = 'html'
     WHERE d.realm = $1 AND d.next_at <= $2
     ORDER BY d.day, d.revision, d.way
     LIMIT 1
     FOR UPDATE OF d SKIP LOCKED)
UPDATE report_delivery AS d
SET next_at = $3
FROM next AS n
WHERE d.realm = $1 AND d.period = n.period AND d.day = n.day AND d.zone = n.zone AND d.revision = n.revision
  AND d.way = n.way
RETURNING d.realm, d.period, d.day, d.zone, d.revision, d.way, d.tries, n.name, n.incomplete, n.final;
