-- SPDX-License-Identifier: Apache-2.0
-- What came of messages by one part of their kind, over whole UTC days. No latencies and no conditions
-- are known of kinds.
--   $1 int4         realm
--   $2 timestamptz  since: a UTC day
--   $3 timestamptz  until, exclusive: a UTC day
--   $4 timestamptz  what was sent later is pending, else expired
--   $5 timestamptz  end of the day that $4 lies in
--   $6 int4         which part of rollup.kind: the rest of a division by this
--   $7 int4         after one by this
WITH s AS (
     SELECT r.kind / $7::int4 % $6::int4 AS part,
            sum(r.sent)::int8 AS sent, sum(r.unknown)::int8 AS unknown,
            sum(r.failed)::int8 AS failed, sum(r.requested)::int8 AS requested,
            sum(r.confirmed)::int8 AS confirmed, sum(r.requested_failed)::int8 AS requested_failed,
            coalesce(sum(r.requested - r.confirmed - r.requested_failed)
                     FILTER (WHERE r.bucket > $4::timestamptz), 0)::int8 AS pending,
            sum(r.read_requested)::int8 AS read_requested, sum(r.read)::int8 AS read
     FROM rollup AS r
     WHERE r.realm = $1 AND r.grain = 4 AND r.bucket >= $2::timestamptz
       AND r.bucket < $3::timestamptz
     GROUP BY 1
     HAVING sum(r.sent) <> 0),
e AS (
     SELECT (m.type + 8 * m.class + CASE WHEN m.stored_at IS NULL THEN 0 ELSE 64 END
             + (m.flags & 128)) / $7 % $6 AS part, count(*) AS pending
     FROM message AS m
     WHERE m.realm = $1 AND m.class <= 2 AND m.id IS NOT NULL AND m.flags & 1048581 <> 0
       AND m.state < 4 AND m.sent_at > $4 AND m.sent_at >= $2 AND m.sent_at < $3
       AND m.sent_at < $5::timestamptz
     GROUP BY 1)
SELECT s.part::text, NULL::text, s.sent, s.unknown, s.failed, s.requested, s.confirmed,
       s.requested_failed, s.pending + coalesce(e.pending, 0), s.read_requested, s.read,
       NULL::int4[], NULL::int8[], NULL::text[], NULL::int8[]
FROM s
LEFT JOIN e ON e.part = s.part;
