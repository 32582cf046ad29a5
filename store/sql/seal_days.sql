-- SPDX-License-Identifier: Apache-2.0
-- Days of which there are leaves or rows.
--   $1 int2 kind
SELECT d.day
FROM (SELECT DISTINCT l.day FROM seal_leaf AS l WHERE l.kind = $1
      UNION
      SELECT s.day FROM stored_day AS s
      UNION
      SELECT DISTINCT (a.seen_at AT TIME ZONE 'UTC')::date FROM ack_other AS a) AS d
WHERE isfinite(d.day)
ORDER BY d.day;
