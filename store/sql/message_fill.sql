-- SPDX-License-Identifier: Apache-2.0
-- Rows that go on from a stored one and were seen again with their text: where it was stored without (bodies were
-- not kept then), it gets it now. By a function, because whoever stores may neither read nor replace a body (F190).
--   $1 int8[]         conv, $2 timestamptz[] sent_at, $3 int8[] key, $4 int4[] n
--   $5 text[]         bodies
--   $6 timestamptz[]  days (put_in_days)
SELECT fill_bodies($1::int8[], $2::timestamptz[], $3::int8[], $4::int4[], $5::text[], $6::timestamptz[]);
