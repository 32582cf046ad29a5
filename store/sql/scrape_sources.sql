-- SPDX-License-Identifier: Apache-2.0
-- Followed sources: how they do and how far they are.
--   $1 int4  realm
--   $2 int4  at most
SELECT s.name, s.dialect, s.state, g.records, g.stanzas, g.last_at, coalesce(s.checked_at, g.read_at),
       g.unread
FROM source AS s
LEFT JOIN LATERAL (
     SELECT coalesce(sum(x.records), 0)::int8 AS records, coalesce(sum(x.stanzas), 0)::int8 AS stanzas,
            max(x.last_at) AS last_at, max(x.read_at) AS read_at,
            coalesce(sum(greatest(x.size - x.low_water, 0)) FILTER (WHERE NOT x.finished), 0)::int8
            AS unread
     FROM generation AS x
     WHERE x.reader = s.id) AS g ON true
WHERE s.realm = $1 AND s.live
ORDER BY s.name COLLATE "C"
LIMIT $2::int4;
