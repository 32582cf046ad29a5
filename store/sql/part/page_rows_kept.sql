-- SPDX-License-Identifier: Apache-2.0
-- As page_rows; devices by a function, so that a kept plan for few rows is made ready quickly.
, d AS MATERIALIZED (
     SELECT g.*
     FROM (SELECT array_agg(p.conv) AS convs, array_agg(p.sent_at) AS sents, array_agg(p.key) AS keys,
                  array_agg(p.n) AS ns
           FROM page AS p
           WHERE $17 AND p.marks & 32 <> 0) AS a
     CROSS JOIN LATERAL message_devices(a.convs, a.sents, a.keys, a.ns) AS g)
-- include page_shown
LEFT JOIN d ON m.marks & 32 <> 0 AND d.conv = m.conv AND d.sent_at = m.sent_at AND d.key = m.key AND d.n = m.n
-- include message_readers
