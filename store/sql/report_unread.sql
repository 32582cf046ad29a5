-- SPDX-License-Identifier: Apache-2.0
-- What is known not to have been read of an interval, beside gaps.
--   $1 int4  realm   $2 timestamptz  since   $3 timestamptz  until
SELECT (SELECT count(*) FROM reprocess AS p
        WHERE p.realm = $1 AND p.since < $3 AND p.until > $2) AS being_read_again,
       (SELECT count(*) FROM source AS s WHERE s.realm = $1 AND s.live) AS followed,
       (SELECT count(*) FROM generation AS g JOIN source AS s ON s.id = g.reader
        WHERE g.realm = $1 AND NOT s.live AND NOT g.finished AND g.low_water < g.size
          AND (g.last_at IS NULL OR g.last_at < $3)) AS unfinished,
       (SELECT min(g.first_at) FROM generation AS g WHERE g.realm = $1) AS first_at;
