-- SPDX-License-Identifier: Apache-2.0
-- What was taken out: as seal_rows_message.
--   $1 int8  commit, exclusive
--   $2 int8  commit, inclusive
SELECT r
FROM (SELECT l.commit, l.what, l.day, l.jid, l.at
      FROM seal_lost AS l
      WHERE l.commit > $1 AND l.commit <= $2
      ORDER BY l.what, l.day, l.jid) AS r;
