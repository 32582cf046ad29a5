-- SPDX-License-Identifier: Apache-2.0
-- What is left over of a day that is not listed. Another daemon may have listed it meanwhile: its list stays.
--   $1 date  UTC day
DELETE FROM day_conv AS c
WHERE c.day = $1::date AND NOT EXISTS (SELECT FROM day_list AS l WHERE l.day = $1);
