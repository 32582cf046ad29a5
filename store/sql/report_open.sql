-- SPDX-License-Identifier: Apache-2.0
-- Messages of an interval that had asked for a receipt and had, when it ended, neither that nor an error (F2).
--   $1 int4  realm   $2 timestamptz  since   $3 timestamptz  until
SELECT count(*)
FROM message AS m
WHERE m.realm = $1 AND m.sent_at >= $2 AND m.sent_at < $3 AND m.class <= 2 AND m.id IS NOT NULL
  AND m.flags & 1048581 <> 0
  AND CASE WHEN m.state < 4 THEN true
      WHEN m.state = 4 THEN coalesce(m.failed_at >= $3, true)
      ELSE coalesce(least(m.delivered_at, m.displayed_at) >= $3, true) END;
