-- SPDX-License-Identifier: Apache-2.0
-- Days of the messages that some commits wrote.
--   $1 int8 after, $2 int8 upto
SELECT DISTINCT (s.lo AT TIME ZONE 'UTC')::date + n.n AS day
FROM batch AS b
CROSS JOIN LATERAL generate_subscripts(b.spans, 1) AS i
CROSS JOIN LATERAL (SELECT b.spans[i] AS lo, b.spans[i + 1] AS hi) AS s
CROSS JOIN LATERAL generate_series(0, (s.hi AT TIME ZONE 'UTC')::date - (s.lo AT TIME ZONE 'UTC')::date) AS n (n)
WHERE b.commit > $1 AND b.commit <= $2 AND i % 2 = 1 AND isfinite(s.lo) AND isfinite(s.hi)
ORDER BY 1;
