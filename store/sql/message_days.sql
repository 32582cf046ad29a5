-- SPDX-License-Identifier: Apache-2.0
-- Between when messages can be: from the first to the last day that has a partition, and of the rows
-- that have none.
SELECT d.first, d.last, o.first, o.last
FROM (SELECT min(x.day)::timestamptz AS first, (max(x.day) + 1)::timestamptz AS last
      FROM (SELECT to_date(right(c.relname, 8), 'YYYYMMDD') AS day
            FROM pg_inherits AS i
            JOIN pg_class AS c ON c.oid = i.inhrelid
            WHERE i.inhparent = 'message'::regclass AND c.relname ~ '_[0-9]{8}$') AS x) AS d,
     (SELECT min(m.sent_at) AS first, max(m.sent_at) + interval '1 microsecond' AS last
      FROM message_other AS m) AS o;
