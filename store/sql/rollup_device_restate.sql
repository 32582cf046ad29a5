-- SPDX-License-Identifier: Apache-2.0
-- What came of messages to devices in an interval, anew from the rows.
--   $1 int4         realm
--   $2 timestamptz  since: a UTC day
--   $3 timestamptz  until, exclusive: a UTC day
INSERT INTO rollup_device
       (realm, lane, day, to_domain, device, sent, unknown, failed, requested, confirmed,
        requested_failed, read_requested, read, bins, counts)
SELECT $1::int4, 0, c.day, c.to_domain, c.device, c.sent, c.unknown, c.failed, c.requested,
       c.confirmed, c.requested_failed, c.read_requested, c.read, coalesce(b.bins, '{}'),
       coalesce(b.counts, '{}')
FROM devices_of_rows($1, $2, $3) AS c
LEFT JOIN (SELECT d.day, d.to_domain, d.device, array_agg(d.bin ORDER BY d.bin) AS bins,
                  array_agg(d.n::int4 ORDER BY d.bin) AS counts
           FROM device_bins_of_rows($1, $2, $3) AS d
           GROUP BY d.day, d.to_domain, d.device) AS b
  ON b.day = c.day AND b.to_domain = c.to_domain AND b.device = c.device
WHERE c.day NOT IN (SELECT d.day FROM dropped_days() AS d (day));
