-- SPDX-License-Identifier: Apache-2.0
-- Takes the bodies out of a day, unless a legal hold keeps them by now. Columns as retention_drop.
--   $1 date         UTC day
--   $2 timestamptz  now, clock of the host
SELECT s.gone, s.held, NULL::text
FROM strip_day($1, $2) AS s;
