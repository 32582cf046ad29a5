-- SPDX-License-Identifier: Apache-2.0
-- How a followed source does; one that never had a file gets its row here.
--   $1 int4         realm
--   $2 text         name
--   $3 text         dialect, as far as it is known
--   $4 text         path
--   $5 text         state
--   $6 text         note, null = none
--   $7 timestamptz  when unread lines are expected to be gone, null = unknown
--   $8 timestamptz  now, clock of the ingester
INSERT INTO source AS s
       (id, realm, name, dialect, path, live, state, state_at, note, gone_at)
SELECT coalesce(max(x.id), 0) + 1, $1::int4, $2, $3, $4, true, $5, $8::timestamptz, $6::text,
       $7::timestamptz
FROM source AS x
ON CONFLICT (realm, name) DO UPDATE
SET live = true, state = excluded.state, note = excluded.note, gone_at = excluded.gone_at,
    state_at = CASE WHEN s.state IS DISTINCT FROM excluded.state THEN excluded.state_at
                    ELSE s.state_at END
WHERE (s.state, s.note, s.gone_at, s.live)
      IS DISTINCT FROM (excluded.state, excluded.note, excluded.gone_at, true);
