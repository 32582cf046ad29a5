-- SPDX-License-Identifier: Apache-2.0
--   $1 int8  jid.id
DELETE FROM legal_hold WHERE jid = $1;
