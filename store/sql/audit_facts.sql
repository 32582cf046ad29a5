-- SPDX-License-Identifier: Apache-2.0
-- Facts about the accounts that got messages or acknowledged any in an interval, and what these
-- facts name.
--   $1 int4         realm
--   $2 timestamptz  messages sent, acks seen since
--   $3 timestamptz  until, exclusive
WITH met AS (
     SELECT m.to_jid AS jid
     FROM message AS m
     WHERE m.realm = $1 AND m.sent_at >= $2 AND m.sent_at < $3
     UNION
     SELECT a.by_jid
     FROM ack AS a
     WHERE a.realm = $1 AND a.seen_at >= $2 AND a.seen_at < $3 AND a.kind <= 6
), mine AS (
     SELECT k.*
     FROM known AS k
     WHERE k.realm = $1 AND k.kind <> 2 AND k.about IN (SELECT met.jid FROM met)
)
SELECT k.element, k.kind, k.about, k.related, k.subject, k.object, k.value, k.name, k.first_at,
       k.last_at, k.position, k.source
FROM mine AS k
UNION ALL
SELECT k.element, k.kind, k.about, k.related, k.subject, k.object, k.value, k.name, k.first_at,
       k.last_at, k.position, k.source
FROM known AS k
WHERE k.realm = $1 AND k.about IN (SELECT mine.related FROM mine WHERE mine.related <> 0);
