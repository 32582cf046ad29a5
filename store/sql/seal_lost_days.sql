-- SPDX-License-Identifier: Apache-2.0
-- Days whose bodies were taken out.
SELECT l.day
FROM seal_lost AS l
WHERE l.what = 1;
