-- SPDX-License-Identifier: Apache-2.0
-- Sources and how far they were read.
--   $1 int4  realm; 0 = all
SELECT s.name, s.dialect, s.path, r.name, s.live, g.generations, g.records, g.stanzas,
       (SELECT count(*) FROM quarantine AS q WHERE q.source = s.id)
       + (SELECT coalesce(sum(q.records), 0)::int8 FROM quarantine_range AS q
          WHERE q.source = s.id) AS quarantined,
       (SELECT count(*) FROM gap AS p WHERE p.source = s.id) AS gaps,
       g.first_at, g.last_at, coalesce(g.read_at, s.checked_at), g.read_bytes, g.size, s.state,
       s.state_at, s.note, s.gone_at,
       -- As honesty.sql, whose complete_until is the least of these.
       CASE WHEN s.live
            THEN (SELECT CASE WHEN coalesce(bool_and(x.finished OR x.low_water >= x.size), true)
                              THEN s.checked_at ELSE max(x.last_at) END
                  FROM generation AS x
                  WHERE x.reader = s.id)
                 - s.flush_allowance * interval '1 microsecond' END
FROM source AS s
LEFT JOIN realm AS r ON r.id = s.realm
LEFT JOIN LATERAL (
     SELECT count(*) AS generations, coalesce(sum(x.records), 0)::int8 AS records,
            coalesce(sum(x.stanzas), 0)::int8 AS stanzas, min(x.first_at) AS first_at,
            max(x.last_at) AS last_at, max(x.read_at) AS read_at,
            coalesce(sum(x.low_water), 0)::int8 AS read_bytes,
            -- That of a compressed file is not known before its end.
            coalesce(sum(CASE WHEN x.size < 0 THEN x.low_water ELSE x.size END), 0)::int8 AS size
     FROM generation AS x
     WHERE x.source = s.id) AS g ON true
WHERE $1 = 0 OR s.realm = $1
ORDER BY s.realm, s.name COLLATE "C";
