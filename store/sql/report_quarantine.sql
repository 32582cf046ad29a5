-- SPDX-License-Identifier: Apache-2.0
-- Records of an interval in quarantine, by source and reason; where and why, never what. One without a time
-- counts where it was found.
--   $1 int4  realm   $2 timestamptz  since   $3 timestamptz  until
SELECT coalesce(s.name, ''), k.reason, sum(k.records)::int8 AS records
FROM (SELECT q.source, q.reason, 1::int8 AS records
      FROM quarantine AS q
      WHERE q.realm = $1 AND coalesce(q.at, q.found_at) >= $2 AND coalesce(q.at, q.found_at) < $3
      UNION ALL
      SELECT q.source, q.reason, q.records::int8
      FROM quarantine_range AS q
      WHERE q.realm = $1 AND coalesce(q.to_at, q.found_at) >= $2 AND coalesce(q.from_at, q.found_at) < $3) AS k
LEFT JOIN source AS s ON s.id = k.source
GROUP BY 1, 2
ORDER BY 3 DESC, 1, 2;
