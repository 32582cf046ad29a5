-- SPDX-License-Identifier: Apache-2.0
-- Lives of data: days that were dropped, bodies that were taken out of a day, and intervals that
-- are being read again.

CREATE TABLE dropped_day (
	day        date NOT NULL,
	dropped_at timestamptz NOT NULL DEFAULT clock_timestamp(),
	rows       int8 NOT NULL,
	reason     text NOT NULL,
	commit     int8 NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX dropped_day_day ON dropped_day (day);
COMMENT ON TABLE dropped_day IS
	'UTC days whose rows retention has dropped: never made again, what comes late is counted';
COMMENT ON COLUMN dropped_day.day IS 'UTC day';
COMMENT ON COLUMN dropped_day.dropped_at IS 'Clock of the database';
COMMENT ON COLUMN dropped_day.rows IS 'Message rows that went';
COMMENT ON COLUMN dropped_day.reason IS 'The setting that asked for it: keep_days or keep_disk';
COMMENT ON COLUMN dropped_day.commit IS 'Commit number of the next batch when it was dropped';
COMMENT ON INDEX dropped_day_day IS 'Identity; look-up by every batch';

CREATE TABLE reprocess (
	realm      int4 NOT NULL,
	since      timestamptz NOT NULL,
	until      timestamptz NOT NULL,
	started_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE UNIQUE INDEX reprocess_realm ON reprocess (realm);
COMMENT ON TABLE reprocess IS
	'An interval that was dropped to be read again, and is not all read yet';
COMMENT ON COLUMN reprocess.realm IS 'realm.id';
COMMENT ON COLUMN reprocess.since IS 'Start of what was dropped';
COMMENT ON COLUMN reprocess.until IS 'End of what was dropped, exclusive';
COMMENT ON COLUMN reprocess.started_at IS 'When it was dropped, clock of the database';
COMMENT ON INDEX reprocess_realm IS 'One at a time in a realm';

CREATE TABLE reprocess_file (
	realm       int4 NOT NULL,
	n           int4 NOT NULL,
	source      text NOT NULL,
	dialect     text NOT NULL,
	path        text NOT NULL,
	head        bytea NOT NULL,
	tail        bytea NOT NULL,
	low_water   int8 NOT NULL,
	live        boolean NOT NULL,
	source_path text
);
CREATE UNIQUE INDEX reprocess_file_n ON reprocess_file (realm, n);
COMMENT ON TABLE reprocess_file IS 'The files of an interval that is being read again';
COMMENT ON COLUMN reprocess_file.realm IS 'realm.id';
COMMENT ON COLUMN reprocess_file.n IS 'Order of reading: the generation that the file had';
COMMENT ON COLUMN reprocess_file.source IS 'source.name';
COMMENT ON COLUMN reprocess_file.dialect IS 'source.dialect';
COMMENT ON COLUMN reprocess_file.path IS 'Where the file was found, absolute';
COMMENT ON COLUMN reprocess_file.head IS 'As generation.head was';
COMMENT ON COLUMN reprocess_file.tail IS 'As generation.tail was';
COMMENT ON COLUMN reprocess_file.low_water IS
	'As generation.low_water was: the file is read again once it is reached';
COMMENT ON COLUMN reprocess_file.live IS 'As source.live was';
COMMENT ON COLUMN reprocess_file.source_path IS 'As source.path was';
COMMENT ON INDEX reprocess_file_n IS 'Identity';

-- days --------------------------------------------------------------------------------------------

-- Roll-ups outlive the days they were made from, whatever they are cut into.
CREATE VIEW day_table AS
SELECT c.relname::text AS name, a.attname::text AS split
FROM pg_partitioned_table AS p
JOIN pg_class AS c ON c.oid = p.partrelid
JOIN pg_class AS o ON o.oid = p.partdefid AND o.relname = c.relname || '_other'
JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum = p.partattrs[0]
WHERE c.relnamespace = 'receiptd'::regnamespace AND c.relname NOT LIKE 'rollup%';
COMMENT ON VIEW day_table IS 'Tables that are cut into days by attach_part, by the catalogue';
COMMENT ON COLUMN day_table.name IS 'Name of the table';
COMMENT ON COLUMN day_table.split IS 'Column that decides the day';

CREATE VIEW stored_day AS
SELECT d.day, sum(d.bytes)::int8 AS bytes
FROM (SELECT to_date(right(c.relname, 8), 'YYYYMMDD') AS day, pg_total_relation_size(c.oid) AS bytes
      FROM day_table AS t
      JOIN pg_inherits AS i ON i.inhparent = to_regclass('receiptd.' || quote_ident(t.name))
      JOIN pg_class AS c ON c.oid = i.inhrelid
      WHERE c.relname ~ '_[0-9]{8}$'
      UNION ALL
      SELECT DISTINCT (m.sent_at AT TIME ZONE 'UTC')::date, 0::int8
      FROM message_other AS m) AS d
GROUP BY d.day;
COMMENT ON VIEW stored_day IS 'Days that have partitions, or rows in the partition for the rest';
COMMENT ON COLUMN stored_day.day IS 'UTC day';
COMMENT ON COLUMN stored_day.bytes IS 'Bytes of its partitions on disk, indexes too';

CREATE FUNCTION day_holds(day date, at timestamptz) RETURNS text LANGUAGE plpgsql STABLE
SET search_path = receiptd, pg_catalog, pg_temp SET timezone = 'UTC' AS $$
DECLARE
	reach  interval;
	begins timestamptz := day;
	ends   timestamptz := day + 1;
BEGIN
	IF seal_waits(day) THEN
		RETURN 'rows that are not sealed yet';
	END IF;
	SELECT make_interval(secs => coalesce(max((r.rules ->> 'w_match')::float8
		+ (r.rules ->> 't_expire')::float8), 37 * 86400)) INTO reach FROM realm AS r;
	IF ends <= at - reach THEN
		RETURN NULL;
	END IF;
	IF EXISTS (SELECT FROM gap AS g WHERE g.from_at < ends AND g.to_at >= begins) THEN
		RETURN 'a gap that may still be filled';
	END IF;
	IF EXISTS (SELECT FROM message AS m WHERE m.sent_at >= begins AND m.sent_at < ends
	           AND m.state < 4 AND (m.flags & 1048581) <> 0 AND m.id IS NOT NULL) THEN
		RETURN 'messages that may still be answered';
	END IF;
	RETURN NULL;
END $$;
COMMENT ON FUNCTION day_holds(date, timestamptz) IS
	'Why a day must not be dropped yet; null: it may be. Beyond w_match + t_expire nothing holds';

CREATE FUNCTION drop_day(day date, reason text) RETURNS int8 LANGUAGE plpgsql
SET search_path = receiptd, pg_catalog, pg_temp SET timezone = 'UTC'
SET lock_timeout = '10s' AS $$
#variable_conflict use_column
DECLARE
	tag    text := to_char($1, 'YYYYMMDD');
	begins timestamptz := $1;
	ends   timestamptz := $1 + 1;
	gone   int8;
	t      record;
BEGIN
	-- No batch meanwhile: each sees the day as it was before or after.
	PERFORM FROM lane ORDER BY id FOR UPDATE;
	PERFORM pg_advisory_xact_lock(1919119476, 3);
	SELECT count(*) INTO gone FROM message AS m WHERE m.sent_at >= begins AND m.sent_at < ends;
	INSERT INTO dropped_day AS d (day, rows, reason, commit) VALUES ($1, gone, $2, next_commit())
	ON CONFLICT (day) DO UPDATE SET rows = d.rows + excluded.rows, commit = excluded.commit;
	PERFORM seal_findings_go(begins, ends);
	DELETE FROM finding AS f WHERE f.last_at >= begins AND f.last_at < ends;
	-- Whoever comes after us waits for us: so we wait for readers only shortly.
	PERFORM set_config('lock_timeout', '300ms', true);
	FOR t IN SELECT d.name, d.split FROM day_table AS d ORDER BY d.name LOOP
		EXECUTE format('DELETE FROM %I WHERE %I >= $1 AND %I < $2', t.name || '_other', t.split, t.split)
		USING begins, ends;
		IF to_regclass(format('%I', t.name || '_' || tag)) IS NOT NULL THEN
			EXECUTE format('ALTER TABLE %I DETACH PARTITION %I', t.name, t.name || '_' || tag);
			EXECUTE format('DROP TABLE %I', t.name || '_' || tag);
		END IF;
	END LOOP;
	RETURN gone;
END $$;
COMMENT ON FUNCTION drop_day(date, text) IS
	'Drops the partitions of a day from every day_table, its findings, and remembers it; returns '
	'the message rows that went. Roll-ups stay. 55P03 when a long query is in the way: try again';

-- bodies ------------------------------------------------------------------------------------------

CREATE FUNCTION part_state(part text) RETURNS text LANGUAGE plpgsql STABLE
SET search_path = receiptd, pg_catalog, pg_temp AS $$
DECLARE
	state text;
BEGIN
	EXECUTE format('SELECT count(*) || '':'' || coalesce(sum(hashtext(p.ctid::text || p.xmin::text)'
		'::int8), 0) FROM %I AS p', part) INTO state;
	RETURN state;
END $$;
COMMENT ON FUNCTION part_state(text) IS
	'Changes whenever a row of the table is written: every version of a row has its own place';

CREATE FUNCTION copy_without_bodies(part text, fresh text) RETURNS int8 LANGUAGE plpgsql
SET search_path = receiptd, pg_catalog, pg_temp AS $$
DECLARE
	columns text;
	gone    int8;
	i       record;
BEGIN
	EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING DEFAULTS INCLUDING COMMENTS) WITH '
		'(fillfactor = 100)', fresh, part);
	EXECUTE format('COMMENT ON TABLE %I IS %L', fresh,
		obj_description(to_regclass(format('%I', part)), 'pg_class'));
	SELECT string_agg(CASE WHEN a.attname IN ('body', 'tie') THEN 'NULL'
	                       ELSE quote_ident(a.attname) END, ', ' ORDER BY a.attnum) INTO columns
	FROM pg_attribute AS a
	WHERE a.attrelid = to_regclass(format('%I', part)) AND a.attnum > 0 AND NOT a.attisdropped;
	EXECUTE format('INSERT INTO %I SELECT %s FROM %I', fresh, columns, part);
	EXECUTE format('SELECT count(*) FROM %I AS p WHERE p.body IS NOT NULL', part) INTO gone;
	-- The indexes now and not by ATTACH, which would make them while readers wait.
	FOR i IN SELECT pg_get_indexdef(x.indexrelid) AS text, c.relname AS name,
	                obj_description(x.indexrelid, 'pg_class') AS comment
	         FROM pg_index AS x
	         JOIN pg_class AS c ON c.oid = x.indexrelid
	         WHERE x.indrelid = to_regclass(format('%I', part)) LOOP
		EXECUTE regexp_replace(i.text, ' INDEX \S+ ON (ONLY )?\S+ USING ',
			format(' INDEX %I ON %I USING ', left(i.name, 55) || '_nobody', fresh));
		EXECUTE format('COMMENT ON INDEX %I IS %L', left(i.name, 55) || '_nobody', i.comment);
	END LOOP;
	EXECUTE format('CREATE INDEX %I ON %I (sent_at) WHERE body IS NOT NULL OR tie IS NOT NULL',
		part || '_body', fresh);
	EXECUTE format('COMMENT ON INDEX %I IS %L', part || '_body',
		'The bodies of this day were taken out; finds those that came later');
	RETURN gone;
END $$;
COMMENT ON FUNCTION copy_without_bodies(text, text) IS
	'Part of strip_day: a copy of a partition with body and tie null and the same indexes; returns '
	'how many bodies are left out';

CREATE FUNCTION strip_day(day date) RETURNS int8 LANGUAGE plpgsql
SET search_path = receiptd, pg_catalog, pg_temp SET timezone = 'UTC'
SET lock_timeout = '10s' AS $$
DECLARE
	part   text := 'message_' || to_char(day, 'YYYYMMDD');
	fresh  text := part || '_fresh';
	before text;
	gone   int8;
BEGIN
	UPDATE message_other AS m SET body = NULL, tie = NULL
	WHERE m.sent_at >= day AND m.sent_at < day + 1 AND (m.body IS NOT NULL OR m.tie IS NOT NULL);
	GET DIAGNOSTICS gone = ROW_COUNT;
	IF to_regclass(part) IS NULL THEN
		PERFORM seal_strip(day);
		RETURN gone;
	END IF;
	IF to_regclass(part || '_body') IS NOT NULL THEN
		EXECUTE format('UPDATE %I SET body = NULL, tie = NULL WHERE body IS NOT NULL OR tie IS NOT NULL',
			part);
		GET DIAGNOSTICS gone = ROW_COUNT;
		PERFORM seal_strip(day);
		RETURN gone;
	END IF;
	-- The copy is made while batches go on; then they are held up while we look whether one wrote
	-- to this day meanwhile, and put the copy in its place.
	before := part_state(part);
	gone := copy_without_bodies(part, fresh);
	EXECUTE format('ALTER TABLE %I ADD CONSTRAINT within_day CHECK (sent_at IS NOT NULL AND sent_at '
		'>= %L AND sent_at < %L)', fresh, day::timestamptz, (day + 1)::timestamptz);
	PERFORM FROM lane ORDER BY id FOR UPDATE;
	PERFORM pg_advisory_xact_lock(1919119476, 3);
	IF part_state(part) <> before THEN
		RAISE EXCEPTION 'day % is being written', day USING ERRCODE = 'lock_not_available';
	END IF;
	PERFORM seal_strip(day);
	PERFORM set_config('lock_timeout', '300ms', true);
	EXECUTE format('ALTER TABLE message DETACH PARTITION %I', part);
	EXECUTE format('DROP TABLE %I', part);
	EXECUTE format('ALTER TABLE %I RENAME TO %I', fresh, part);
	EXECUTE format('ALTER TABLE message ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', part, day,
		day + 1);
	EXECUTE format('ALTER TABLE %I DROP CONSTRAINT within_day', part);
	RETURN gone;
END $$;
COMMENT ON FUNCTION strip_day(date) IS
	'Takes the bodies out of one day: the partition is rewritten, so that the disk gets the space '
	'back; what came later is updated in place. Returns how many bodies went. 55P03: try again';

CREATE FUNCTION has_bodies(day date) RETURNS boolean LANGUAGE plpgsql STABLE
SET search_path = receiptd, pg_catalog, pg_temp SET timezone = 'UTC'
SET enable_seqscan = off AS $$
BEGIN
	RETURN EXISTS (SELECT FROM message AS m WHERE m.sent_at >= day AND m.sent_at < day + 1
	               AND (m.body IS NOT NULL OR m.tie IS NOT NULL));
END $$;
COMMENT ON FUNCTION has_bodies(date) IS
	'A message of that day has a body, or a tie, which may hold its start; a day that was stripped is '
	'asked by its small index';

-- reading again -----------------------------------------------------------------------------------

CREATE FUNCTION forget_interval(realm int4, since timestamptz, until timestamptz, sources int4[])
RETURNS void LANGUAGE plpgsql
SET search_path = receiptd, pg_catalog, pg_temp SET timezone = 'UTC' AS $$
#variable_conflict use_column
DECLARE
	t record;
BEGIN
	PERFORM seal_interval_goes($1, $2, $3, $4);
	FOR t IN SELECT d.name, d.split FROM day_table AS d ORDER BY d.name LOOP
		EXECUTE format('DELETE FROM %I WHERE realm = $1 AND %I >= $2 AND %I < $3', t.name, t.split, t.split)
		USING $1, $2, $3;
	END LOOP;
	DELETE FROM finding AS f WHERE f.realm = $1 AND f.first_at >= $2 AND f.first_at < $3;
	DELETE FROM known AS k WHERE k.realm = $1 AND k.first_at >= $2 AND k.first_at < $3;
	DELETE FROM archive_seen AS a WHERE a.realm = $1 AND a.at >= $2 AND a.at < $3;
	DELETE FROM line_counter AS c WHERE c.realm = $1 AND c.day >= $2 AND c.day < $3;
	DELETE FROM gap AS g WHERE g.realm = $1 AND g.source = ANY ($4) AND g.generation > 0;
	DELETE FROM quarantine AS q WHERE q.realm = $1 AND q.source = ANY ($4);
	DELETE FROM quarantine_range AS q WHERE q.realm = $1 AND q.source = ANY ($4);
	DELETE FROM dialect_fact AS d USING generation AS g
	WHERE d.generation = g.id AND g.source = ANY ($4);
	DELETE FROM lane_mark AS k USING generation AS g
	WHERE k.generation = g.id AND g.source = ANY ($4);
	DELETE FROM generation AS g WHERE g.source = ANY ($4);
END $$;
COMMENT ON FUNCTION forget_interval(int4, timestamptz, timestamptz, int4[]) IS
	'Removes every fact of a realm within an interval, and the positions of the sources; nothing '
	'may cross its ends (store/sql/reprocess_span.sql)';
