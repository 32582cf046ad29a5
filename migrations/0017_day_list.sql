-- SPDX-License-Identifier: Apache-2.0
-- On which days a conversation has anything. Its messages are found by one index per day; a conversation is silent
-- on most days, and to open each of them takes longer than to read the page. The lists are made of whole days by
-- housekeeping (store/day_list.c). A batch that stores on such a day takes it off before any of its rows can be seen
-- (store/sql/known_keys_add.sql): so what is stored is listed, or its day is not.

CREATE TABLE day_list (
	day    date NOT NULL,
	commit int8 NOT NULL
);
CREATE UNIQUE INDEX day_list_day ON day_list (day);
COMMENT ON TABLE day_list IS 'Days whose conversations are all listed in day_conv; of other days nothing is known';
COMMENT ON COLUMN day_list.day IS 'UTC day of message.sent_at and ack.seen_at';
COMMENT ON COLUMN day_list.commit IS
	'The newest commit when they were looked up. A day that was taken off and listed again has a later one: so a '
	'reader knows whether the list that he used still holds';
COMMENT ON INDEX day_list_day IS 'Identity';

CREATE TABLE day_conv (
	part  int2 NOT NULL,
	day   date NOT NULL,
	convs int2[] NOT NULL
);
CREATE UNIQUE INDEX day_conv_part ON day_conv (part, day);
COMMENT ON TABLE day_conv IS
	'Conversations that have messages or evidence on a day of day_list, each as 2 bytes of its hash: more may seem to '
	'be there, none is missing. What stands here of other days is left over';
COMMENT ON COLUMN day_conv.part IS 'The upper 10 bits of conv, from 0';
COMMENT ON COLUMN day_conv.day IS 'UTC day';
COMMENT ON COLUMN day_conv.convs IS 'The lower 16 bits of each conv, less 32768; in no order';
COMMENT ON INDEX day_conv_part IS 'Identity; all days of a conversation stand together';

-- A program from before that is still running would leave lists as they are. The fence of its lane is old: it connects
-- again and is refused, because it does not know this schema. And it cannot store without the new column.
UPDATE lane SET fence = fence + 1;
ALTER TABLE known_keys ADD COLUMN told boolean NOT NULL DEFAULT true;
ALTER TABLE known_keys ALTER COLUMN told DROP DEFAULT;
COMMENT ON COLUMN known_keys.told IS 'Always true: who wrote it knows of day_list';

-- Of rows that not everybody may see. Who sees no lists passes over no day.
DO $$
DECLARE
	t text;
BEGIN
	FOREACH t IN ARRAY ARRAY['day_list', 'day_conv'] LOOP
		EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
		EXECUTE format('CREATE POLICY own_domains ON %I FOR SELECT USING ((SELECT sees_all()) OR false)', t);
		EXECUTE format('COMMENT ON POLICY own_domains ON %I IS %L', t,
		               'F191: what the setting receiptd.domains lets through; nothing without it');
	END LOOP;
END $$;

INSERT INTO role_grant (role, object, privileges, but)
SELECT 'receiptd_ingest', unnest('{day_list,day_conv}'::text[]), '{SELECT,INSERT,DELETE}', '{}';
CALL grant_roles();
