-- SPDX-License-Identifier: Apache-2.0
-- Until all is read again, every number of the interval is marked incomplete.
--   $1 int4    realm
--   $2 int4[]  sources
INSERT INTO gap (realm, source, generation, from_offset, to_offset, from_at, to_at, cause, commit)
SELECT r.realm, u.source, 0, -1, 0, r.since, r.until, 'reprocess unfinished: run it again',
       next_commit()
FROM reprocess AS r, unnest($2::int4[]) AS u (source)
WHERE r.realm = $1
ON CONFLICT (source, generation, from_offset) DO NOTHING;
