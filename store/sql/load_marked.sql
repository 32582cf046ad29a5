-- SPDX-License-Identifier: Apache-2.0
-- Of stored rows that markers may mark (P8) what tells whether they do, and what the rows count as.
--   $1 int8[]         conversation
--   $2 timestamptz[]  from
--   $3 timestamptz[]  to, inclusive
--   $4 bool[]         false
--   $5 timestamptz[]  not those displayed by then already; null: all
--   $6 timestamptz[]  not used
--   $7 timestamptz[]  days (put_in_days)
SELECT r FROM (
SELECT m.conv, m.sent_at, m.key, m.n, m.id, m.type, m.class, m.state, m.flags, m.stored_at,
       m.routed_at, m.delivered_at, m.delivered_via, m.displayed_at, m.displayed_via,
       m.upto_delivered_at, m.upto_displayed_at, m.failed_at, m.retracted_at, m.resends, m.acks,
       m.acks_dup, m.marks, m.thread, m.mds_at, m.read_inferred_at, m.response_ms, f.jid, t.jid
FROM unnest($1::int8[], $2::timestamptz[], $3::timestamptz[], $4::bool[], $5::timestamptz[],
            $6::timestamptz[]) AS w (conv, lo, hi, markers_only, since, whole_from)
JOIN message AS m
  ON m.conv = w.conv AND m.sent_at BETWEEN w.lo AND w.hi AND in_days(m.sent_at, $7::timestamptz[])
 AND (w.since IS NULL OR least(m.upto_displayed_at, m.displayed_at) IS NULL
      OR least(m.upto_displayed_at, m.displayed_at) > w.since)
LEFT JOIN jid AS f ON f.id = m.from_jid
LEFT JOIN jid AS t ON t.id = m.to_jid
) AS r;
