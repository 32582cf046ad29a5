-- SPDX-License-Identifier: Apache-2.0
-- Moves what came of messages to devices in a day; rows in the order of their keys.
--   $1 int4    realm
--   $2 int2    lane
--   $3 date[]  day
--   $4 text[]  to_domain
--   $5 int8[]  device
--   $6 ... $13 int4[]  sent, unknown, failed, requested, confirmed, requested_failed,
--              read_requested, read
--   $14 int4[] where its bins begin in $16 and $17, from 1
--   $15 int4[] where they end
--   $16 int2[] bins, ascending within a histogram
--   $17 int4[] counts, may be negative
INSERT INTO rollup_device AS r
       (realm, lane, day, to_domain, device, sent, unknown, failed, requested, confirmed,
        requested_failed, read_requested, read, bins, counts)
SELECT $1, $2, u.day, u.to_domain, u.device, u.sent, u.unknown, u.failed, u.requested, u.confirmed,
       u.requested_failed, u.read_requested, u.read, ($16::int2[])[u.lo : u.hi],
       ($17::int4[])[u.lo : u.hi]
FROM unnest($3::date[], $4::text[], $5::int8[], $6::int4[], $7::int4[], $8::int4[], $9::int4[],
            $10::int4[], $11::int4[], $12::int4[], $13::int4[], $14::int4[], $15::int4[])
     AS u (day, to_domain, device, sent, unknown, failed, requested, confirmed, requested_failed,
           read_requested, read, lo, hi)
ON CONFLICT (realm, day, to_domain, device, lane) DO UPDATE
SET sent = r.sent + excluded.sent, unknown = r.unknown + excluded.unknown,
    failed = r.failed + excluded.failed, requested = r.requested + excluded.requested,
    confirmed = r.confirmed + excluded.confirmed,
    requested_failed = r.requested_failed + excluded.requested_failed,
    read_requested = r.read_requested + excluded.read_requested, read = r.read + excluded.read,
    (bins, counts) = (
    SELECT coalesce(array_agg(a.bin ORDER BY a.bin), '{}'),
           coalesce(array_agg(a.n ORDER BY a.bin), '{}')
    FROM (SELECT b.bin, sum(b.n)::int4 AS n
          FROM unnest(r.bins || excluded.bins, r.counts || excluded.counts) AS b (bin, n)
          GROUP BY b.bin
          HAVING sum(b.n) <> 0) AS a);
