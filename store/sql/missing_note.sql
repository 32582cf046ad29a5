-- SPDX-License-Identifier: Apache-2.0
-- Files of followed sources that were not read to their end and are not there any more (F4, F12, F19).
--   $1 int4    realm
--   $2 text[]  names of the sources that are followed
--   $3 int4[]  generations that are open
--   $4 text    cause
INSERT INTO gap (realm, source, generation, from_offset, to_offset, from_at, cause, commit)
SELECT g.realm, g.source, g.id, g.low_water, greatest(g.size, g.low_water), g.last_at, $4,
       next_commit()
FROM generation AS g
JOIN source AS s ON s.id = g.reader
WHERE g.realm = $1 AND s.name = ANY ($2) AND s.live AND NOT g.finished AND g.tail_len > 0
  AND g.id <> ALL ($3::int4[])
  -- One of which nothing was stored is not known again: its file is read as a new one.
  AND (EXISTS (SELECT FROM lane_mark AS m WHERE m.generation = g.id)
       OR NOT EXISTS (SELECT FROM generation AS x
                      WHERE x.id > g.id AND x.realm = g.realm AND x.path = g.path
                        AND x.head = g.head))
ON CONFLICT (source, generation, from_offset) DO NOTHING;
