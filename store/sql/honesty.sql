-- SPDX-License-Identifier: Apache-2.0
-- What an answer stands on. A live source is complete up to the last look at its end, less the
-- time its writer may be late; while its end is not reached, up to its newest record. A finished
-- import does not count, unless there is nothing else.
--   $1 int4         realm; 0 = all
--   $2 timestamptz  since, null = open
--   $3 timestamptz  until, exclusive, null = open
SELECT x.complete_until, x.newest,
       (SELECT count(*) FROM gap AS p
        WHERE ($1 = 0 OR p.realm = $1)
          AND ($3::timestamptz IS NULL OR p.from_at IS NULL OR p.from_at < $3)
          AND ($2::timestamptz IS NULL OR p.to_at IS NULL OR p.to_at >= $2))
       -- What came too late for a dropped day is missing as well.
       + (SELECT count(*) FROM line_counter AS c
          WHERE c.name = 'late_dropped' AND ($1 = 0 OR c.realm = $1)
            AND ($3::timestamptz IS NULL OR c.day < $3::timestamptz AT TIME ZONE 'UTC')
            AND ($2::timestamptz IS NULL OR c.day + 1 > $2::timestamptz AT TIME ZONE 'UTC'))
       AS open_gaps,
       (SELECT count(*) FROM quarantine AS q WHERE $1 = 0 OR q.realm = $1)
       + (SELECT coalesce(sum(q.records), 0)::int8 FROM quarantine_range AS q
          WHERE $1 = 0 OR q.realm = $1) AS quarantined,
       (SELECT coalesce(max(b.commit), 0) FROM batch AS b) AS commit
FROM (SELECT CASE WHEN count(r.id) = 0 THEN max(r.last_at) -- nothing is followed
                  WHEN count(r.id) = count(r.complete) THEN min(r.complete) END AS complete_until,
             max(r.last_at) AS newest
      FROM (SELECT s.id, g.last_at,
                   CASE WHEN coalesce(g.at_end, true) THEN s.checked_at ELSE g.last_at END
                   - s.flush_allowance * interval '1 microsecond' AS complete
            FROM (SELECT g.reader, max(g.last_at) AS last_at,
                         bool_and(g.finished OR g.low_water >= g.size) AS at_end
                  FROM generation AS g
                  WHERE $1 = 0 OR g.realm = $1
                  GROUP BY g.reader) AS g
            FULL JOIN (SELECT s.id, s.checked_at, s.flush_allowance
                       FROM source AS s
                       WHERE s.live AND ($1 = 0 OR s.realm = $1)) AS s ON s.id = g.reader) AS r) AS x;
