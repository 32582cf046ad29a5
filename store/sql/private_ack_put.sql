-- SPDX-License-Identifier: Apache-2.0
-- Numbers of the private acknowledgements of a realm, under LOCK_NAMES: those that have none get the
-- next ones.
--   $1 int4    realm
--   $2 text[]  names as declared
WITH added AS (
     INSERT INTO private_ack (realm, number, name)
     SELECT $1,
            (SELECT coalesce(max(p.number), -1) FROM private_ack AS p WHERE p.realm = $1)
            + row_number() OVER (ORDER BY g.place),
            g.name
     FROM unnest($2::text[]) WITH ORDINALITY AS g (name, place)
     WHERE NOT EXISTS (SELECT FROM private_ack AS p WHERE p.realm = $1 AND p.name = g.name)
     RETURNING number, name)
SELECT number, name
FROM added
UNION ALL
SELECT p.number, p.name
FROM private_ack AS p
WHERE p.realm = $1;
