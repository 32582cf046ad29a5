-- SPDX-License-Identifier: Apache-2.0
-- What conv_page and conv_page_back show of a row m; asked: part/conv_asked.
SELECT
-- include shown_columns
       CASE m.from_jid WHEN $3 THEN asked.one WHEN $4 THEN asked.other
            ELSE (SELECT f.jid FROM jid AS f WHERE f.id = m.from_jid) END,
       CASE m.to_jid WHEN $3 THEN asked.one WHEN $4 THEN asked.other
            ELSE (SELECT t.jid FROM jid AS t WHERE t.id = m.to_jid) END,
       CASE WHEN $12::boolean THEN m.body END
