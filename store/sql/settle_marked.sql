-- SPDX-License-Identifier: Apache-2.0
-- Is there any row that one's own devices marked up to (I3)? Nearly always there is none.
--   $1 timestamptz[]  days (put_in_days)
SELECT EXISTS (SELECT FROM message AS m WHERE m.mds_at IS NOT NULL AND in_days(m.sent_at, $1::timestamptz[]));
