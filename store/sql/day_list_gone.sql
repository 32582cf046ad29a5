-- SPDX-License-Identifier: Apache-2.0
-- Days that are listed and have no partition any more.
SELECT l.day
FROM day_list AS l
WHERE to_regclass('message_' || to_char(l.day, 'YYYYMMDD')) IS NULL;
