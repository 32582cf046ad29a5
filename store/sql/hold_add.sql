-- SPDX-License-Identifier: Apache-2.0
-- A hold, or the new one of somebody who has one; with the lanes locked.
--   $1 int8  jid.id
--   $2 text  bare JID
--   $3 date  last day
--   $4 text  reason
--   $5 text  who made it
INSERT INTO legal_hold (jid, name, until, reason, by)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (jid) DO UPDATE
SET until = excluded.until, reason = excluded.reason, by = excluded.by, at = clock_timestamp();
