-- SPDX-License-Identifier: Apache-2.0
-- Days with partitions whose conversations are not listed.
--   $1 date  the first one that is too young
SELECT p.day
FROM (SELECT to_date(right(c.relname, 8), 'YYYYMMDD') AS day
      FROM pg_inherits AS i
      JOIN pg_class AS c ON c.oid = i.inhrelid
      WHERE i.inhparent = 'message'::regclass AND c.relname ~ '_[0-9]{8}$') AS p
WHERE p.day < $1::date AND NOT EXISTS (SELECT FROM day_list AS l WHERE l.day = p.day)
ORDER BY p.day;
