-- SPDX-License-Identifier: Apache-2.0
-- Whether there is anything to judge by.
--   $1 int4  realm
SELECT EXISTS (SELECT FROM known AS k WHERE k.realm = $1),
       EXISTS (SELECT FROM archive_seen AS s WHERE s.realm = $1);
