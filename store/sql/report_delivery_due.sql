-- SPDX-License-Identifier: Apache-2.0
-- What waits to be sent by then, and with which file.
--   $1 int4  realm   $2 timestamptz  by then
SELECT d.realm, d.period, d.day, d.zone, d.revision, d.way, d.tries, f.name, r.incomplete, r.final, f.content
FROM report_delivery AS d
JOIN report AS r ON r.realm = d.realm AND r.period = d.period AND r.day = d.day AND r.zone = d.zone
                AND r.revision = d.revision
JOIN report_file AS f ON f.realm = d.realm AND f.period = d.period AND f.day = d.day AND f.zone = d.zone
                     AND f.revision = d.revision AND f.format = 'html'
WHERE d.realm = $1 AND d.next_at <= $2
ORDER BY d.day, d.revision, d.way;
