-- SPDX-License-Identifier: Apache-2.0
-- As page_rows; devices by a function, so that a kept plan for few rows is made ready quickly.
-- include page_shown
LEFT JOIN LATERAL (
     SELECT g.device, g.delivered, g.displayed
     FROM message_devices(m.conv, m.sent_at, m.key, m.n) AS g
     WHERE $17 AND m.marks & 32 <> 0) AS d ON true
-- include message_readers
