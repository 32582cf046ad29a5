-- SPDX-License-Identifier: Apache-2.0
-- All histograms of a realm by day; the caller adds them up.
--   $1 int4  realm
SELECT l.metric, l.bins, l.counts
FROM rollup_latency AS l
WHERE l.realm = $1 AND l.grain = 2;
