-- SPDX-License-Identifier: Apache-2.0
-- Markers of readers of rooms (P8): the last one before a time that did not go backward, and all from
-- then on up to the first after another time that did not and whose message is no older. Nearly always
-- the one before is of the same day, so the days before are looked at when it is not.
--   $1 int8[]         conversation
--   $2 int8[]         reader
--   $3 timestamptz[]  from
--   $4 timestamptz[]  to
--   $5 timestamptz[]  sent_at of the newest message
--   $6 int8           what is further away makes no difference, microseconds
--   $7 int8           a marker is stored on the day of a sighting at most so far from its time
--   $8 timestamptz[]  days (put_in_days)
WITH w AS MATERIALIZED (
     SELECT u.*, $6::int8 * interval '1 us' AS reach, $7::int8 * interval '1 us' AS slack
     FROM unnest($1::int8[], $2::int8[], $3::timestamptz[], $4::timestamptz[], $5::timestamptz[])
          AS u (conv, device, lo, hi, target))
SELECT w.conv, a.key, w.device, a.mark_at, a.mark_target, a.mark_bits, a.mark_tie, a.tie
FROM w
CROSS JOIN LATERAL (
     SELECT coalesce(
          (SELECT max(x.mark_at) FROM ack AS x
           WHERE x.conv = w.conv AND x.mark_device = w.device AND x.mark_bits & 1 = 0
             AND x.mark_at < w.lo AND x.mark_at >= w.lo - interval '1 day'
             AND x.seen_at BETWEEN w.lo - interval '1 day' - w.slack AND w.lo + w.slack
             AND in_days(x.seen_at, $8::timestamptz[])),
          (SELECT max(x.mark_at) FROM ack AS x
           WHERE x.conv = w.conv AND x.mark_device = w.device AND x.mark_bits & 1 = 0
             AND x.mark_at < w.lo AND x.mark_at >= w.lo - w.reach
             AND x.seen_at BETWEEN w.lo - w.reach - w.slack AND w.lo + w.slack
             AND in_days(x.seen_at, $8::timestamptz[]))) AS before,
          (SELECT min(x.mark_at) FROM ack AS x
           WHERE x.conv = w.conv AND x.mark_device = w.device AND x.mark_bits & 1 = 0
             AND x.mark_target >= w.target AND x.mark_at > w.hi AND x.mark_at <= w.hi + w.reach
             AND x.seen_at BETWEEN w.hi - w.slack AND w.hi + w.reach + w.slack
             AND in_days(x.seen_at, $8::timestamptz[])) AS after) AS e
CROSS JOIN LATERAL (
     SELECT x.key, x.mark_at, x.mark_target, x.mark_bits, x.mark_tie, x.tie FROM ack AS x
     WHERE x.conv = w.conv AND x.mark_device = w.device AND x.mark_at = e.before
       AND x.seen_at BETWEEN e.before - w.slack AND e.before + w.slack
       AND in_days(x.seen_at, $8::timestamptz[])
     UNION ALL
     SELECT x.key, x.mark_at, x.mark_target, x.mark_bits, x.mark_tie, x.tie FROM ack AS x
     WHERE x.conv = w.conv AND x.mark_device = w.device
       AND x.mark_at BETWEEN w.lo AND coalesce(e.after, w.hi + w.reach)
       AND x.seen_at BETWEEN w.lo - w.slack AND coalesce(e.after, w.hi + w.reach) + w.slack
       AND in_days(x.seen_at, $8::timestamptz[])) AS a;
