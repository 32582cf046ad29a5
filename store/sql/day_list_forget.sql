-- SPDX-License-Identifier: Apache-2.0
-- The lists of days that are gone go, their conversations with them.
--   $1 date[]  UTC days
WITH gone AS (DELETE FROM day_list AS l WHERE l.day = ANY ($1::date[]))
DELETE FROM day_conv AS c WHERE c.day = ANY ($1::date[]);
