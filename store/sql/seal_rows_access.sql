-- SPDX-License-Identifier: Apache-2.0
-- Access log: as seal_rows_message.
--   $1 timestamptz  from
--   $2 timestamptz  until, exclusive
SELECT r
FROM (SELECT a.at, a.id, a.token, a.route, a.bodies, a.rows, a.salt, a.filter
      FROM access_log AS a
      WHERE a.at >= $1 AND a.at < $2
      ORDER BY a.id) AS r;
