-- SPDX-License-Identifier: Apache-2.0
-- As messages_conv, with all columns of the rows, for the timeline of one message.
WITH page AS MATERIALIZED (
     SELECT x.*
     FROM unnest($4::int8[]) AS c (conv)
     CROSS JOIN LATERAL (
          SELECT m.*
          FROM (SELECT a.*
-- include conv_rows
SELECT
-- include message_columns
       NULL::bytea, (SELECT f.jid FROM jid AS f WHERE f.id = m.from_jid),
       (SELECT t.jid FROM jid AS t WHERE t.id = m.to_jid), CASE WHEN $16 THEN m.body END
FROM page AS m
ORDER BY m.sent_at, m.conv, m.key, m.n;
