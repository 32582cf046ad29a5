-- SPDX-License-Identifier: Apache-2.0
-- Who waits: $1 to $7 as unacknowledged says. More conditions may follow, then the order and the end.
SELECT
-- include shown_columns
       (SELECT f.jid FROM jid AS f WHERE f.id = m.from_jid),
       (SELECT t.jid FROM jid AS t WHERE t.id = m.to_jid), NULL::text
FROM (SELECT
-- include conv_columns
      FROM message AS a
      WHERE a.state < 4 AND (a.flags & 1048581) <> 0 AND a.id IS NOT NULL AND a.class <= 2
        AND a.realm = $1
        AND a.sent_at >= $2::timestamptz AND a.sent_at < $3::timestamptz
        AND ($4::timestamptz IS NULL
             OR (a.sent_at, a.conv, a.key, a.n) > ($4, $5::int8, $6::int8, $7::int4))
