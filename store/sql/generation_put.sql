-- SPDX-License-Identifier: Apache-2.0
-- How far a generation was read. One that was read to its end stays so, with that end, until it goes on: who
-- reads no further may not know of it.
--   $1 int4          generation
--   $2 int8          low water
--   $3 int4, $4 bytea  head: length and hash; length 0 = as it is
--   $5 int4, $6 bytea  tail before low water: length and hash
--   $7 int8          size
--   $8 timestamptz   earliest record time of the batch
--   $9 timestamptz   latest
--   $10 int8         records
--   $11 int8         stanzas
--   $12 bool         finished
--   $13 int4         reader
--   $14 bool         it goes on behind its stored end
UPDATE generation
SET low_water = $2, head_len = CASE WHEN $3 > 0 THEN $3 ELSE head_len END,
    head = CASE WHEN $3 > 0 THEN $4 ELSE head END, tail_len = $5, tail = $6,
    size = CASE WHEN finished AND NOT $14 THEN size ELSE $7 END,
    first_at = least(first_at, $8), last_at = greatest(last_at, $9),
    records = records + $10, stanzas = stanzas + $11,
    finished = $12 OR (finished AND NOT $14), reader = $13,
    read_at = clock_timestamp(),
    grown_at = CASE WHEN $10 > 0 THEN clock_timestamp() ELSE grown_at END
WHERE id = $1;
