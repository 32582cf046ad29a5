-- SPDX-License-Identifier: Apache-2.0
-- Who sent these ids.
--   $1 int8[]  hashes of (sender, id)
--   $2 int4    realm
SELECT s.hash, s.what, s.conv, s.key, s.at, f.jid, t.jid
FROM unnest($1::int8[]) AS w (hash)
JOIN sent_id AS s ON s.hash = w.hash AND s.realm = $2
LEFT JOIN jid AS f ON f.id = s.from_jid
LEFT JOIN jid AS t ON t.id = s.to_jid;
