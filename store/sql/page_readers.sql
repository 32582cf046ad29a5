-- SPDX-License-Identifier: Apache-2.0
-- P12: readers and receivers of rows of a page that are messages of rooms, by the place of the row.
--   $1 int8[]         conv
--   $2 timestamptz[]  sent_at
--   $3 int8[]         key
--   $4 int4[]         n
--   $5 text[]         sender
--   $6 text[]         nick
--   $7 int8[]         thread
--   $8 boolean[]      failed
--   $9 int4[]         realm
SELECT p.i, array_agg(g.who ORDER BY g.who COLLATE "C"),
       array_agg(g.displayed ORDER BY g.who COLLATE "C"),
       array_agg(g.received ORDER BY g.who COLLATE "C")
FROM unnest($1::int8[], $2::timestamptz[], $3::int8[], $4::int4[], $5::text[], $6::text[],
            $7::int8[], $8::boolean[], $9::int4[])
     WITH ORDINALITY AS p (conv, sent_at, key, n, sender, nick, thread, failed, realm, i)
CROSS JOIN LATERAL room_readers(p.conv, p.sent_at, p.key, p.n, p.sender, p.nick, p.thread, p.failed,
     (SELECT make_interval(secs => (r.rules ->> 'w_upto')::float8)
      FROM realm AS r WHERE r.id = p.realm)) AS g
GROUP BY p.i;
