-- SPDX-License-Identifier: Apache-2.0
-- A revision of a report; nothing where it is there already.
--   $1 int4  realm      $2 text  period   $3 date  day       $4 text  zone      $5 int4  revision
--   $6 timestamptz  made_at   $7 timestamptz  complete_until   $8 bool  incomplete   $9 bool  final
--   $10 text  figures
INSERT INTO report (realm, period, day, zone, revision, made_at, complete_until, incomplete, final, figures)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
ON CONFLICT DO NOTHING;
