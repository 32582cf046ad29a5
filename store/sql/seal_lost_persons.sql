-- SPDX-License-Identifier: Apache-2.0
-- Persons that were erased, and the conversations in which rows of others lost something with them: party knows
-- them no more; up to which day retention took filters out of the access log.
SELECT l.jid, NULL::int8, NULL::date
FROM seal_lost AS l
WHERE l.what = 2
UNION ALL
SELECT NULL::int8, e.conv, NULL::date
FROM erased_conv AS e
WHERE EXISTS (SELECT FROM seal_lost AS l WHERE l.what = 2)
UNION ALL
SELECT NULL::int8, NULL::int8, max(l.day)
FROM seal_lost AS l
WHERE l.what = 3;
