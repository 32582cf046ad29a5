-- SPDX-License-Identifier: Apache-2.0
-- Devices whose ingress is seen. Where one was known before, by egress only, all its states are
-- judged anew: every day of its conversations that may hold states waits again. Between two of its
-- states may lie thousands of years of days that hold nothing (F126).
--   $1 int4    realm
--   $2 int8[]  device
WITH fresh AS (
     INSERT INTO chat_ingress (realm, device)
     SELECT $1::int4, u.device FROM unnest($2::int8[]) AS u (device)
     ON CONFLICT (realm, device) DO NOTHING
     RETURNING realm, device),
     party AS MATERIALIZED (
     SELECT p.conv, p.realm, p.first_at, p.last_at
     FROM fresh AS f
     JOIN chat_party AS p ON p.realm = f.realm AND p.device = f.device),
     held AS (
     SELECT to_date(right(c.relname, 8), 'YYYYMMDD') AS day
     FROM pg_inherits AS i
     JOIN pg_class AS c ON c.oid = i.inhrelid
     WHERE i.inhparent = to_regclass('receiptd.chat_state') AND c.relname ~ '_[0-9]{8}$'
       AND EXISTS (SELECT FROM party)),
     days AS (
     SELECT p.conv, p.realm, p.first_at, p.last_at, h.day
     FROM party AS p
     JOIN held AS h ON h.day BETWEEN (p.first_at AT TIME ZONE 'UTC')::date
                                 AND (p.last_at AT TIME ZONE 'UTC')::date
     UNION
     SELECT p.conv, p.realm, p.first_at, p.last_at, (s.at AT TIME ZONE 'UTC')::date
     FROM party AS p
     JOIN chat_state_other AS s ON s.conv = p.conv AND s.at BETWEEN p.first_at AND p.last_at)
INSERT INTO settle_unit (conv, day, realm, lo, hi, reaches)
SELECT d.conv, d.day, d.realm,
       min(greatest(d.first_at, d.day::timestamp AT TIME ZONE 'UTC')),
       max(least(d.last_at,
                 (d.day + 1)::timestamp AT TIME ZONE 'UTC' - interval '1 microsecond')),
       false
FROM days AS d
GROUP BY d.conv, d.day, d.realm
ORDER BY d.conv, d.day;
