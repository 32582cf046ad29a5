-- SPDX-License-Identifier: Apache-2.0
-- Moves what users sent and got in a day; rows in the order of their keys.
--   $1 int4    realm
--   $2 int2    lane
--   $3 date[]  day
--   $4 int8[]  jid
--   $5 ... $11 int4[]  sent, requested, confirmed, failed, read_requested, read, received
INSERT INTO rollup_user AS r
       (realm, lane, day, jid, sent, requested, confirmed, failed, read_requested, read, received)
SELECT $1, $2, u.day, u.jid, u.sent, u.requested, u.confirmed, u.failed, u.read_requested, u.read,
       u.received
FROM unnest($3::date[], $4::int8[], $5::int4[], $6::int4[], $7::int4[], $8::int4[], $9::int4[],
            $10::int4[], $11::int4[])
     AS u (day, jid, sent, requested, confirmed, failed, read_requested, read, received)
ON CONFLICT (realm, day, jid, lane) DO UPDATE
SET sent = r.sent + excluded.sent, requested = r.requested + excluded.requested,
    confirmed = r.confirmed + excluded.confirmed, failed = r.failed + excluded.failed,
    read_requested = r.read_requested + excluded.read_requested, read = r.read + excluded.read,
    received = r.received + excluded.received;
