-- SPDX-License-Identifier: Apache-2.0
-- Days that retention dropped.
SELECT d.day, d.commit
FROM dropped_day AS d;
