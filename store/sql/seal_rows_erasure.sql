-- SPDX-License-Identifier: Apache-2.0
-- Erasures: as seal_rows_message. Not when they were scrubbed, which comes later.
--   $1 timestamptz  from
--   $2 timestamptz  until, exclusive
SELECT r
FROM (SELECT e.at, e.id, e.what, e.by, e.who, e.reason, e.tables
      FROM erasure AS e
      WHERE e.at >= $1 AND e.at < $2
      ORDER BY e.id) AS r;
