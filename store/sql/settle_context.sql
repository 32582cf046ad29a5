-- SPDX-License-Identifier: Apache-2.0
-- Rows before a span that what changed in it can matter to: those of some instants (F6), and those
-- whose reading may be inferred from it (I1, I2). Columns as settle_rows.
--   $1 int8[]         conversation
--   $2 timestamptz[]  from
--   $3 timestamptz[]  begin of the span
--   $4 timestamptz[]  an instant, null = none; so are the next two
--   $5 timestamptz[]
--   $6 timestamptz[]
--   $7 timestamptz[]  days (put_in_days)
SELECT r FROM (
SELECT w.place::int8, m.sent_at, m.key, m.n, m.from_jid, m.to_jid, m.id, m.from_resource, m.class,
       m.source, m.delivered_at, m.displayed_at, m.reaction_at, m.reply_at, m.mds_at,
       m.read_inferred_at, m.read_via, m.response_ms,
       m.sent_at >= w.old AND m.displayed_at IS NULL AND m.delivered_at IS NOT NULL
       AND coalesce(m.read_inferred_at >= w.lo, true), m.tie
FROM unnest($1::int8[], $2::timestamptz[], $3::timestamptz[], $4::timestamptz[],
            $5::timestamptz[], $6::timestamptz[])
     WITH ORDINALITY AS w (conv, old, lo, a, b, c, place)
JOIN message AS m ON m.conv = w.conv AND m.sent_at = ANY (ARRAY[w.a, w.b, w.c]) AND m.sent_at < w.lo
 AND in_days(m.sent_at, $7::timestamptz[])
UNION ALL
SELECT w.place::int8, m.sent_at, m.key, m.n, m.from_jid, m.to_jid, m.id, m.from_resource, m.class,
       m.source, m.delivered_at, m.displayed_at, m.reaction_at, m.reply_at, m.mds_at,
       m.read_inferred_at, m.read_via, m.response_ms, true, m.tie
FROM unnest($1::int8[], $2::timestamptz[], $3::timestamptz[], $4::timestamptz[],
            $5::timestamptz[], $6::timestamptz[])
     WITH ORDINALITY AS w (conv, old, lo, a, b, c, place)
JOIN message AS m
  ON m.conv = w.conv AND m.sent_at >= w.old AND m.sent_at < w.lo AND m.displayed_at IS NULL
 AND m.delivered_at IS NOT NULL AND coalesce(m.read_inferred_at >= w.lo, true)
 AND m.sent_at IS DISTINCT FROM w.a AND m.sent_at IS DISTINCT FROM w.b
 AND m.sent_at IS DISTINCT FROM w.c AND in_days(m.sent_at, $7::timestamptz[])
) AS r;
