-- SPDX-License-Identifier: Apache-2.0
-- What came of messages to each device, of some devices on each day; bins repeat.
--   $1 int4         realm
--   $2 timestamptz  since: a UTC day
--   $3 timestamptz  until, exclusive: a UTC day
--   $4 text         domain of the devices; null = all
--   $5 timestamptz  what is not answered of the days after it is pending
--   $6 int8[]       devices whose days are told apart
SELECT r.device, CASE WHEN r.device = ANY ($6::int8[]) THEN r.day END AS day,
       sum(r.sent)::int8, sum(r.unknown)::int8, sum(r.failed)::int8, sum(r.requested)::int8,
       sum(r.confirmed)::int8, sum(r.requested_failed)::int8, sum(r.read_requested)::int8,
       sum(r.read)::int8,
       coalesce(sum(r.requested - r.confirmed - r.requested_failed)
                FILTER (WHERE r.day::timestamp AT TIME ZONE 'UTC' > $5::timestamptz), 0)::int8,
       join_arrays(r.bins), join_arrays(r.counts)
FROM rollup_device AS r
WHERE r.realm = $1 AND r.day >= ($2::timestamptz AT TIME ZONE 'UTC')::date
  AND r.day < ($3::timestamptz AT TIME ZONE 'UTC')::date AND ($4::text IS NULL OR r.to_domain = $4)
GROUP BY r.device, 2;
