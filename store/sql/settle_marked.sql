-- SPDX-License-Identifier: Apache-2.0
-- Is there any row that one's own devices marked up to (I3)? Nearly always there is none.
SELECT EXISTS (SELECT FROM message AS m WHERE m.mds_at IS NOT NULL);
