-- SPDX-License-Identifier: Apache-2.0
-- The newest commit of all lanes, and the newest day that was dropped.
SELECT (SELECT max(l.commit) FROM lane AS l),
       (SELECT max(g.day) FROM dropped_days() AS g (day));
