-- SPDX-License-Identifier: Apache-2.0
-- What an interval holds, and how many of its days retention has dropped.
--   $1 int4         realm
--   $2 timestamptz  since, $3 timestamptz until
SELECT (SELECT count(*) FROM message AS m
        WHERE m.realm = $1 AND m.sent_at >= $2 AND m.sent_at < $3) AS messages,
       (SELECT count(*) FROM ack AS a
        WHERE a.realm = $1 AND a.seen_at >= $2 AND a.seen_at < $3) AS evidence,
       (SELECT count(*) FROM finding AS f
        WHERE f.realm = $1 AND f.first_at >= $2 AND f.first_at < $3) AS findings,
       (SELECT count(*) FROM dropped_day AS d
        WHERE d.day >= ($2::timestamptz AT TIME ZONE 'UTC')::date
          AND d.day < ($3::timestamptz AT TIME ZONE 'UTC')::date) AS dropped;
