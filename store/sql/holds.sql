-- SPDX-License-Identifier: Apache-2.0
-- Holds, those that end first in front.
SELECT h.name, h.until, h.reason, h.by, h.at
FROM legal_hold AS h
ORDER BY h.until, h.name;
