-- SPDX-License-Identifier: Apache-2.0
-- Devices whose ingress is seen. Where one was known before, by egress only, all its states are
-- judged anew: every day of its conversations waits again.
--   $1 int4    realm
--   $2 int8[]  device
WITH fresh AS (
     INSERT INTO chat_ingress (realm, device)
     SELECT $1::int4, u.device FROM unnest($2::int8[]) AS u (device)
     ON CONFLICT (realm, device) DO NOTHING
     RETURNING realm, device)
INSERT INTO settle_unit (conv, day, realm, lo, hi, reaches)
SELECT p.conv, d.day::date, p.realm,
       min(greatest(p.first_at, d.day AT TIME ZONE 'UTC')),
       max(least(p.last_at,
                 (d.day + interval '1 day') AT TIME ZONE 'UTC' - interval '1 microsecond')),
       false
FROM fresh AS f
JOIN chat_party AS p ON p.realm = f.realm AND p.device = f.device,
LATERAL generate_series((p.first_at AT TIME ZONE 'UTC')::date::timestamp,
                        p.last_at AT TIME ZONE 'UTC', interval '1 day') AS d (day)
GROUP BY p.conv, d.day, p.realm
ORDER BY p.conv, d.day;
