-- SPDX-License-Identifier: Apache-2.0
--   $1 int4           realm
--   $2 int8[]         conversation
--   $3 timestamptz[]  start
--   $4 int8[]         device
--   $5 int8[]         from
--   $6 text[]         resource
--   $7 int8[]         to
--   $8 timestamptz[]  end, null = nothing ended it
--   $9 int2[]         what ended it
--   $10 int8[]        position
INSERT INTO typing (conv, start_at, device, realm, from_jid, resource, to_jid, end_at, ended, position)
SELECT u.conv, u.start_at, u.device, $1, u.from_jid, u.resource, u.to_jid,
       coalesce(u.end_at, 'infinity'), u.ended, u.position
FROM unnest($2::int8[], $3::timestamptz[], $4::int8[], $5::int8[], $6::text[], $7::int8[],
            $8::timestamptz[], $9::int2[], $10::int8[])
     AS u (conv, start_at, device, from_jid, resource, to_jid, end_at, ended, position);
