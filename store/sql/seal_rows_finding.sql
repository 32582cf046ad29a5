-- SPDX-License-Identifier: Apache-2.0
-- Findings: as seal_rows_message.
--   $1 int8  commit, exclusive
--   $2 int8  commit, inclusive
SELECT r
FROM (SELECT f.commit, f.conv, f.key, f.element, f.realm, f.rule, f.first_at, f.last_at, f.n, f.position,
             f.withdrawn, f.by, f.ref
      FROM finding AS f
      WHERE f.commit > $1 AND f.commit <= $2
      ORDER BY f.conv, f.key, f.element) AS r;
