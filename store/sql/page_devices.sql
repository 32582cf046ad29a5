-- SPDX-License-Identifier: Apache-2.0
-- Devices that acknowledged rows of a page whose evidence is in ack, by the place of the row.
--   $1 int8[]         conv
--   $2 timestamptz[]  sent_at
--   $3 int8[]         key
--   $4 int4[]         n
SELECT p.i, d.device, d.delivered, d.displayed
FROM unnest($1::int8[], $2::timestamptz[], $3::int8[], $4::int4[])
     WITH ORDINALITY AS p (conv, sent_at, key, n, i)
JOIN message_devices($1, $2, $3, $4) AS d
     ON d.conv = p.conv AND d.sent_at = p.sent_at AND d.key = p.key AND d.n = p.n;
