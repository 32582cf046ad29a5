-- SPDX-License-Identifier: Apache-2.0
-- What is known at the end of the file that gave this reader its last record: a new one begins with it.
--   $1 int4  source
SELECT last.key, last.value
FROM (SELECT DISTINCT ON (d.key) d.key, d.value
      FROM dialect_fact AS d
      WHERE d.generation = (SELECT g.id FROM generation AS g
                            WHERE g.reader = $1 AND g.grown_at IS NOT NULL
                            ORDER BY g.grown_at DESC, g.id DESC
                            LIMIT 1)
      ORDER BY d.key, d.at_end DESC) AS last
WHERE last.value <> '';
