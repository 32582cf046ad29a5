-- SPDX-License-Identifier: Apache-2.0
-- A revision is to be sent that way.
--   $1 int4  realm   $2 text  period   $3 date  day   $4 text  zone   $5 int4  revision   $6 text  way
--   $7 timestamptz  when
INSERT INTO report_delivery (realm, period, day, zone, revision, way, next_at)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT DO NOTHING;
