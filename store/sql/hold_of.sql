-- SPDX-License-Identifier: Apache-2.0
-- The hold of somebody, while it lasts.
--   $1 int8         jid.id
--   $2 timestamptz  now, clock of the host
SELECT h.until, h.reason
FROM legal_hold AS h
WHERE h.jid = $1 AND h.until >= ($2::timestamptz AT TIME ZONE 'UTC')::date;
