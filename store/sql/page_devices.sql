-- SPDX-License-Identifier: Apache-2.0
-- Devices that acknowledged rows of a page whose evidence is in ack, by the place of the row: direct ones alone, with
-- their first times (PAIRING section 9).
--   $1 int8[]         conv
--   $2 timestamptz[]  sent_at
--   $3 int8[]         key
--   $4 int4[]         n
--   $5 timestamptz[]  spans that hold all evidence, as in_days says
WITH e AS MATERIALIZED (
     SELECT a.conv, a.key, a.n, a.by_jid, a.by_resource, a.kind, a.seen_at
     FROM ack AS a
     WHERE a.conv = ANY ($1::int8[]) AND in_days(a.seen_at, $5::timestamptz[])
       AND a.class = 0 AND a.kind IN (0, 1, 2, 3, 5, 6))
SELECT g.i, array_agg(g.device ORDER BY g.device COLLATE "C"),
       array_agg(g.delivered ORDER BY g.device COLLATE "C"),
       array_agg(g.displayed ORDER BY g.device COLLATE "C")
FROM (SELECT d.i, d.device, min(d.seen_at) FILTER (WHERE d.kind IN (0, 1, 5)) AS delivered,
             min(d.seen_at) FILTER (WHERE d.kind IN (2, 3, 6)) AS displayed
      FROM (SELECT p.i, e.kind, e.seen_at,
                   (SELECT j.jid FROM jid AS j WHERE j.id = e.by_jid)
                   || coalesce('/' || e.by_resource, '') AS device
            FROM unnest($1::int8[], $2::timestamptz[], $3::int8[], $4::int4[])
                 WITH ORDINALITY AS p (conv, sent_at, key, n, i)
            JOIN e ON e.conv = p.conv AND e.key = p.key AND e.n = p.n
                  AND e.seen_at >= p.sent_at - interval '1 day') AS d
      WHERE d.device IS NOT NULL
      GROUP BY 1, 2) AS g
GROUP BY 1;
