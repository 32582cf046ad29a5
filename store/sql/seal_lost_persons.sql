-- SPDX-License-Identifier: Apache-2.0
-- Persons that were erased, and the conversations that they took part in.
SELECT l.jid, p.conv
FROM seal_lost AS l
LEFT JOIN party AS p ON p.jid = l.jid
WHERE l.what = 2;
