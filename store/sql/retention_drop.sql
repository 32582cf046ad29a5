-- SPDX-License-Identifier: Apache-2.0
-- Drops a day, unless something keeps it by now.
--   $1 date         UTC day
--   $2 text         reason
--   $3 timestamptz  now, clock of the host
SELECT d.gone, d.held, d.kept
FROM drop_day($1, $2, $3) AS d;
