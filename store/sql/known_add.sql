-- SPDX-License-Identifier: Apache-2.0
-- Facts of a batch; what is there is the union of both. A list is looked at for its age only: it is not
-- written again for every log-in.
--   $1 int4           realm
--   $2 int8[]         element
--   $3 int2[]         kind
--   $4 int8[]         about
--   $5 int8[]         related
--   $6 text[]         subject
--   $7 text[]         object
--   $8 text[]         value
--   $9 text[]         name
--   $10 timestamptz[] first sighting
--   $11 timestamptz[] last sighting
--   $12 int8[]        position
--   $13 int4[]        source
--   $14 int8[]        device
INSERT INTO known AS k (realm, element, kind, about, related, subject, object, value, name, first_at,
                        last_at, position, source, device)
SELECT $1, u.element, u.kind, u.about, u.related, u.subject, u.object, u.value, u.name, u.first_at,
       u.last_at, u.position, u.source, u.device
FROM unnest($2::int8[], $3::int2[], $4::int8[], $5::int8[], $6::text[], $7::text[], $8::text[],
            $9::text[], $10::timestamptz[], $11::timestamptz[], $12::int8[], $13::int4[],
            $14::int8[])
     AS u (element, kind, about, related, subject, object, value, name, first_at, last_at, position,
           source, device)
ON CONFLICT (realm, element) DO UPDATE
SET first_at = least(k.first_at, excluded.first_at),
    last_at = greatest(k.last_at, excluded.last_at),
    position = CASE WHEN excluded.first_at < k.first_at THEN excluded.position
                    WHEN excluded.first_at = k.first_at THEN least(k.position, excluded.position)
                    ELSE k.position END
WHERE excluded.first_at < k.first_at
   OR (excluded.first_at = k.first_at AND excluded.position < k.position)
   OR excluded.last_at > k.last_at + CASE WHEN k.kind = 4 THEN interval '1 day'
                                          ELSE interval '0' END;
