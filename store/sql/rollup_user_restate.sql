-- SPDX-License-Identifier: Apache-2.0
-- What users sent and got in an interval, anew from the rows.
--   $1 int4         realm
--   $2 timestamptz  since: a UTC day
--   $3 timestamptz  until, exclusive: a UTC day
INSERT INTO rollup_user
       (realm, lane, day, jid, sent, requested, confirmed, failed, read_requested, read, received)
SELECT $1::int4, 0, c.day, c.jid, c.sent, c.requested, c.confirmed, c.failed, c.read_requested,
       c.read, c.received
FROM users_of_rows($1, $2, $3) AS c
WHERE c.day NOT IN (SELECT d.day FROM dropped_days() AS d (day));
