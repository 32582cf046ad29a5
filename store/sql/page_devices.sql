-- SPDX-License-Identifier: Apache-2.0
-- Evidence of devices about some messages, direct one alone, in no order; told apart by store/read_devices.c.
--   $1 int8[]         conversations of the messages
--   $2 int8[]         their keys
--   $3 to $14         timestamptz: spans that hold all evidence, begin and end, inclusive; null = no more
SELECT a.conv, a.key, a.n, a.kind, a.seen_at, (SELECT j.jid FROM jid AS j WHERE j.id = a.by_jid), a.by_resource
FROM ack AS a
WHERE a.conv = ANY ($1::int8[]) AND a.key = ANY ($2::int8[]) AND a.class = 0 AND a.kind IN (0, 1, 2, 3, 5, 6)
  AND (a.seen_at BETWEEN $3::timestamptz AND $4::timestamptz OR a.seen_at BETWEEN $5::timestamptz AND $6::timestamptz
       OR a.seen_at BETWEEN $7::timestamptz AND $8::timestamptz OR a.seen_at BETWEEN $9::timestamptz AND $10::timestamptz
       OR a.seen_at BETWEEN $11::timestamptz AND $12::timestamptz OR a.seen_at BETWEEN $13::timestamptz AND $14::timestamptz);
