-- SPDX-License-Identifier: Apache-2.0
-- Records that could not be used, of generations that have many: counted into ranges. What a range
-- counted before, or has a row of its own, is not counted again.
--   $1 int4  realm
--   $2 int4[] sources, $3 int4[] generations, $4 int8[] offsets, $5 int4[] indexes, $6 int8[] lengths
--   $7 timestamptz[] record times
--   $8 text[] reasons
INSERT INTO quarantine_range AS r
       (realm, source, generation, reason, block, from_offset, to_offset, last_offset, last_index,
        records, from_at, to_at)
SELECT $1, n.source, n.generation, n.reason, n.place / 67108864, min(n.place),
       max(n.place + n.length), max(n.place),
       (array_agg(n.nr ORDER BY n.place DESC, n.nr DESC))[1], count(*), min(n.at), max(n.at)
FROM unnest($2::int4[], $3::int4[], $4::int8[], $5::int4[], $6::int8[], $7::timestamptz[],
            $8::text[]) AS n(source, generation, place, nr, length, at, reason)
LEFT JOIN quarantine_range AS k
       ON k.generation = n.generation AND k.source = n.source AND k.reason = n.reason
      AND k.block = n.place / 67108864
WHERE (k.generation IS NULL OR (n.place, n.nr) > (k.last_offset, k.last_index))
  AND NOT EXISTS (SELECT FROM quarantine AS q
                  WHERE q.generation = n.generation AND q."offset" = n.place
                    AND q."index" = n.nr)
GROUP BY n.source, n.generation, n.reason, n.place / 67108864
ON CONFLICT (generation, source, reason, block) DO UPDATE
SET to_offset = greatest(r.to_offset, excluded.to_offset), last_offset = excluded.last_offset,
    last_index = excluded.last_index, records = r.records + excluded.records,
    from_at = least(r.from_at, excluded.from_at), to_at = greatest(r.to_at, excluded.to_at);
