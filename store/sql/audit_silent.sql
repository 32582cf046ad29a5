-- SPDX-License-Identifier: Apache-2.0
-- Messages that may give a finding of the audit by what they lack: expired at a device with known features, by the
-- index of what is open; read without a word, in quarters of an hour of which the roll-ups say that there are any. Who sees
-- no roll-ups of the realm (a token that is limited to domains) looks at all. Columns as in store/message_row.c, then JIDs.
--   $1 int4         realm
--   $2 timestamptz  sent since, the start of a quarter of an hour
--   $3 timestamptz  until, exclusive
--   $4 timestamptz  what was sent up to then has expired
WITH quarter AS MATERIALIZED (
     SELECT r.bucket, sum(r.read_inferred) AS n
     FROM rollup AS r
     WHERE r.realm = $1 AND r.grain = 1 AND r.bucket >= $2 AND r.bucket < $3
     GROUP BY r.bucket),
span AS MATERIALIZED (
     SELECT CASE WHEN count(*) = 0 THEN $2 ELSE min(q.bucket) FILTER (WHERE q.n <> 0) END AS since,
            CASE WHEN count(*) = 0 THEN $3
                 ELSE max(q.bucket) FILTER (WHERE q.n <> 0) + interval '15 minutes' END AS until
     FROM quarter AS q)
SELECT
-- include message_columns
       NULL::bytea, f.jid, t.jid
FROM message AS m
JOIN jid AS f ON f.id = m.from_jid
JOIN jid AS t ON t.id = m.to_jid
WHERE m.realm = $1 AND m.sent_at >= $2 AND m.sent_at < $3 AND m.sent_at <= $4 AND m.class <> 5
  AND m.state < 4 AND m.flags & 1048581 <> 0 AND m.id IS NOT NULL AND m.flags & 1 <> 0 AND m.facts IS NOT NULL
  AND m.to_jid IN (SELECT k.about FROM known AS k WHERE k.realm = $1 AND k.kind IN (0, 1))
UNION ALL
SELECT
-- include message_columns
       NULL::bytea, f.jid, t.jid
FROM message AS m
JOIN jid AS f ON f.id = m.from_jid
JOIN jid AS t ON t.id = m.to_jid
WHERE m.realm = $1 AND m.sent_at >= $2 AND m.sent_at < $3 AND m.sent_at <= $4 AND m.class <> 5
  AND m.sent_at >= (SELECT s.since FROM span AS s) AND m.sent_at < (SELECT s.until FROM span AS s)
  AND m.state >= 4 AND m.read_inferred_at IS NOT NULL AND m.displayed_at IS NULL AND m.flags & 2097162 <> 0
  AND m.id IS NOT NULL;
