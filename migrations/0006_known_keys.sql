-- SPDX-License-Identifier: Apache-2.0
-- Which keys are stored on which day. Identity has no index of its own (DESIGN section 5): a writer
-- that meets a key must know whether, and where, it is stored. It keeps these lists in memory as
-- filters, so that a new key costs no look-up and a known one is asked of its days only.

CREATE TABLE known_keys (
	lane   int2 NOT NULL,
	day    date NOT NULL,
	commit int8 NOT NULL,
	keys   bytea NOT NULL
);
ALTER TABLE known_keys ALTER COLUMN keys SET STORAGE EXTERNAL;
CREATE INDEX known_keys_commit ON known_keys (commit);
COMMENT ON TABLE known_keys IS
	'Keys of message rows and evidence, and conversations of message rows, by UTC day, written '
	'with them. What is listed may be gone; what is stored is listed';
COMMENT ON COLUMN known_keys.lane IS 'lane.id';
COMMENT ON COLUMN known_keys.day IS 'UTC day of message.sent_at or ack.seen_at';
COMMENT ON COLUMN known_keys.commit IS
	'Commit of the lane that wrote it; the newest one of those that were put together';
COMMENT ON COLUMN known_keys.keys IS 'Lower half of each hash, 4 bytes, in no order; may repeat';
COMMENT ON INDEX known_keys_commit IS 'What others wrote since a writer looked last';

-- Rows that were there before.
INSERT INTO known_keys (lane, day, commit, keys)
SELECT 0, s.day, (SELECT l.commit FROM lane AS l WHERE l.id = 0),
       string_agg(substring(int8send(s.key) FROM 5), ''::bytea)
FROM (SELECT (m.sent_at AT TIME ZONE 'UTC')::date AS day, m.key FROM message AS m
      UNION
      SELECT (m.sent_at AT TIME ZONE 'UTC')::date, m.conv FROM message AS m
      UNION
      SELECT (a.seen_at AT TIME ZONE 'UTC')::date, a.key FROM ack AS a) AS s
GROUP BY s.day;
