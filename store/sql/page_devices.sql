-- SPDX-License-Identifier: Apache-2.0
-- Evidence of devices about some messages, direct one alone, in no order; told apart by store/read_devices.c.
--   $1 int8[]         conversations of the messages
--   $2 int8[]         their keys
--   $3 timestamptz[]  spans that hold all evidence, as in_days says
SELECT a.conv, a.key, a.n, a.kind, a.seen_at, (SELECT j.jid FROM jid AS j WHERE j.id = a.by_jid), a.by_resource
FROM ack AS a
WHERE a.conv = ANY ($1::int8[]) AND a.key = ANY ($2::int8[]) AND in_days(a.seen_at, $3::timestamptz[])
  AND a.class = 0 AND a.kind IN (0, 1, 2, 3, 5, 6);
