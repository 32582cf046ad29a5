-- SPDX-License-Identifier: Apache-2.0
-- F6: the first chat or pm row of spans.
--   $1 int8[]         conversation
--   $2 timestamptz[]  from
--   $3 timestamptz[]  to, inclusive
--   $4 timestamptz[]  days (put_in_days)
-- include settle_edge
         ORDER BY x.sent_at LIMIT 1) AS m
) AS r;
