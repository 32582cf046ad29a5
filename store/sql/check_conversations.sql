-- SPDX-License-Identifier: Apache-2.0
-- Conversations that have rows, evidence, chat states, typing or findings of their order in a span: how
-- many of these, the first and the last, whether something of them waits to be settled, and whether
-- somebody who took part was erased.
--   $1 int4         realm
--   $2 timestamptz  since
--   $3 timestamptz  until, exclusive
--   $4 int8         first conversation
--   $5 int8         last conversation
WITH e AS (
     SELECT m.conv, count(*) AS n, min(m.sent_at) AS lo, max(m.sent_at) AS hi
     FROM message AS m
     WHERE m.realm = $1 AND m.sent_at >= $2 AND m.sent_at < $3 AND m.conv BETWEEN $4 AND $5
     GROUP BY m.conv
     UNION ALL
     SELECT a.conv, count(*), min(a.seen_at), max(a.seen_at)
     FROM ack AS a
     WHERE a.realm = $1 AND a.seen_at >= $2 AND a.seen_at < $3 AND a.conv BETWEEN $4 AND $5
     GROUP BY a.conv
     UNION ALL
     SELECT s.conv, count(*), min(s.at), max(s.at)
     FROM chat_state AS s
     WHERE s.realm = $1 AND s.at >= $2 AND s.at < $3 AND s.conv BETWEEN $4 AND $5
     GROUP BY s.conv
     UNION ALL
     SELECT t.conv, count(*), min(t.start_at), max(t.start_at)
     FROM typing AS t
     WHERE t.realm = $1 AND t.start_at >= $2 AND t.start_at < $3 AND t.conv BETWEEN $4 AND $5
     GROUP BY t.conv
     UNION ALL
     SELECT f.conv, count(*), min(f.last_at), max(f.last_at)
     FROM finding AS f
     WHERE f.realm = $1 AND f.last_at >= $2 AND f.last_at < $3 AND f.conv BETWEEN $4 AND $5
       AND f.rule IN ('CS-REPEAT', 'CS-UNNEGOTIATED')
     GROUP BY f.conv)
SELECT e.conv, sum(e.n)::int8, min(e.lo), max(e.hi),
       EXISTS (SELECT FROM settle_unit AS u WHERE u.conv = e.conv),
       EXISTS (SELECT FROM erased_conv AS g WHERE g.conv = e.conv)
FROM e
GROUP BY e.conv
ORDER BY e.conv;
