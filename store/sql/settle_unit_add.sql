-- SPDX-License-Identifier: Apache-2.0
-- Facts of these parts changed; in the order of their keys.
--   $1 int4           realm
--   $2 int8[]         conversation
--   $3 date[]         UTC day
--   $4 timestamptz[]  first fact
--   $5 timestamptz[]  last fact
--   $6 bool[]         with a mark that reaches back
INSERT INTO settle_unit AS s (conv, day, realm, lo, hi, reaches)
SELECT u.conv, u.day, $1, u.lo, u.hi, u.reaches
FROM unnest($2::int8[], $3::date[], $4::timestamptz[], $5::timestamptz[], $6::bool[])
     AS u (conv, day, lo, hi, reaches)
ON CONFLICT (conv, day) DO UPDATE
SET lo = least(s.lo, excluded.lo), hi = greatest(s.hi, excluded.hi),
    reaches = s.reaches OR excluded.reaches;
