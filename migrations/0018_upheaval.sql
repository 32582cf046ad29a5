-- SPDX-License-Identifier: Apache-2.0
-- What is done to rows beside batches, and what comes between. A legal hold may be made, and rows may be committed,
-- after retention listed its days and before it has the lanes: so it asks again once it has them. And a batch that is
-- repeated writes what was loaded before its first attempt: so it must learn that rows were changed since.

ALTER TABLE lane ADD COLUMN upheavals int8 NOT NULL DEFAULT 0;
COMMENT ON COLUMN lane.upheavals IS
	'Of lane 0: how often retention or reprocess changed rows. A batch that was loaded before that is not repeated; '
	'commit would not do, seals and live views take its numbers for batches';
-- A program from before that is still running would not compare it: as in 0017.
UPDATE lane SET fence = fence + 1;

CREATE FUNCTION note_upheaval() RETURNS void LANGUAGE sql VOLATILE
SET search_path = receiptd, pg_catalog, pg_temp AS $$
UPDATE lane SET upheavals = upheavals + 1 WHERE id = 0
$$;
COMMENT ON FUNCTION note_upheaval() IS
	'Said by whoever changes rows beside batches, with the lanes locked. An erasure raises the fence instead, which '
	'refuses batches that were only read as well';

CREATE FUNCTION day_still_held(day date, at timestamptz) RETURNS text LANGUAGE plpgsql VOLATILE
SET search_path = receiptd, pg_catalog, pg_temp SET timezone = 'UTC' AS $$
BEGIN
	-- No batch meanwhile: each sees the day as it was before or after.
	PERFORM FROM lane ORDER BY id FOR UPDATE;
	PERFORM pg_advisory_xact_lock(1919119476, 3);
	RETURN day_held($1, $2);
END $$;
COMMENT ON FUNCTION day_still_held(date, timestamptz) IS
	'Part of drop_day and strip_day: locks the lanes, which whoever makes a hold locks too, and then says why a legal '
	'hold keeps the day; null: none does';

-- days --------------------------------------------------------------------------------------------

DROP FUNCTION drop_day(date, text);
CREATE FUNCTION drop_day(day date, reason text, at timestamptz, OUT gone int8, OUT held text, OUT kept text)
LANGUAGE plpgsql
SET search_path = receiptd, pg_catalog, pg_temp SET timezone = 'UTC'
SET lock_timeout = '10s' AS $$
#variable_conflict use_column
DECLARE
	tag    text := to_char($1, 'YYYYMMDD');
	begins timestamptz := $1;
	ends   timestamptz := $1 + 1;
	t      record;
BEGIN
	gone := 0;
	held := day_still_held($1, $3);
	kept := day_holds($1, $3);
	IF held IS NOT NULL OR kept IS NOT NULL THEN
		RETURN;
	END IF;
	SELECT count(*) INTO gone FROM message AS m WHERE m.sent_at >= begins AND m.sent_at < ends;
	INSERT INTO dropped_day AS d (day, rows, reason, commit) VALUES ($1, gone, $2, next_commit())
	ON CONFLICT (day) DO UPDATE SET rows = d.rows + excluded.rows, commit = excluded.commit;
	PERFORM note_upheaval();
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
END $$;
COMMENT ON FUNCTION drop_day(date, text, timestamptz) IS
	'Drops the partitions of a day from every day_table, its findings, and remembers it; gives the message rows that '
	'went, or why none did: a legal hold, or day_holds. Roll-ups stay. 55P03 when a long query is in the way: try again';

-- bodies ------------------------------------------------------------------------------------------

CREATE FUNCTION strip_rest(day date, part text) RETURNS int8 LANGUAGE plpgsql
SET search_path = receiptd, pg_catalog, pg_temp SET timezone = 'UTC' AS $$
DECLARE
	gone int8;
	more int8 := 0;
BEGIN
	UPDATE message_other AS m SET body = NULL, tie = NULL
	WHERE m.sent_at >= day AND m.sent_at < day + 1 AND (m.body IS NOT NULL OR m.tie IS NOT NULL);
	GET DIAGNOSTICS gone = ROW_COUNT;
	IF to_regclass(part || '_body') IS NOT NULL THEN
		EXECUTE format('UPDATE %I SET body = NULL, tie = NULL WHERE body IS NOT NULL OR tie IS NOT NULL',
			part);
		GET DIAGNOSTICS more = ROW_COUNT;
	END IF;
	RETURN gone + more;
END $$;
COMMENT ON FUNCTION strip_rest(date, text) IS
	'Part of strip_day: what is not in a partition of the day, or came after it was stripped, is updated in place';

CREATE FUNCTION put_in_place(part text, fresh text, day date) RETURNS void LANGUAGE plpgsql
SET search_path = receiptd, pg_catalog, pg_temp SET timezone = 'UTC' AS $$
BEGIN
	EXECUTE format('ALTER TABLE message DETACH PARTITION %I', part);
	EXECUTE format('DROP TABLE %I', part);
	EXECUTE format('ALTER TABLE %I RENAME TO %I', fresh, part);
	EXECUTE format('ALTER TABLE message ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', part, day,
		day + 1);
	EXECUTE format('ALTER TABLE %I DROP CONSTRAINT within_day', part);
END $$;
COMMENT ON FUNCTION put_in_place(text, text, date) IS
	'Part of strip_day: the copy without bodies instead of the partition';

DROP FUNCTION strip_day(date);
CREATE FUNCTION strip_day(day date, at timestamptz, OUT gone int8, OUT held text) LANGUAGE plpgsql
SET search_path = receiptd, pg_catalog, pg_temp SET timezone = 'UTC'
SET lock_timeout = '10s' AS $$
DECLARE
	part   text := 'message_' || to_char(day, 'YYYYMMDD');
	fresh  text := part || '_fresh';
	copied boolean := to_regclass(part) IS NOT NULL AND to_regclass(part || '_body') IS NULL;
	bodies int8 := 0;
	before text;
BEGIN
	gone := 0;
	-- The copy is made while batches go on; then they are held up while we look whether one wrote
	-- to this day meanwhile, and put the copy in its place.
	IF copied THEN
		before := part_state(part);
		bodies := copy_without_bodies(part, fresh);
		EXECUTE format('ALTER TABLE %I ADD CONSTRAINT within_day CHECK (sent_at IS NOT NULL AND sent_at '
			'>= %L AND sent_at < %L)', fresh, day::timestamptz, (day + 1)::timestamptz);
	END IF;
	held := day_still_held(day, at);
	IF held IS NOT NULL THEN
		IF copied THEN
			EXECUTE format('DROP TABLE %I', fresh);
		END IF;
		RETURN;
	END IF;
	IF copied AND part_state(part) <> before THEN
		RAISE EXCEPTION 'day % is being written', day USING ERRCODE = 'lock_not_available';
	END IF;
	PERFORM seal_strip(day);
	PERFORM note_upheaval();
	PERFORM set_config('lock_timeout', '300ms', true);
	IF copied THEN
		PERFORM put_in_place(part, fresh, day);
	END IF;
	gone := bodies + strip_rest(day, part);
END $$;
COMMENT ON FUNCTION strip_day(date, timestamptz) IS
	'Takes the bodies out of one day: the partition is rewritten, so that the disk gets the space '
	'back; what came later is updated in place. Gives how many bodies went, or why a legal hold keeps all of them. '
	'55P03: try again';

REVOKE EXECUTE ON FUNCTION drop_day(date, text, timestamptz), strip_day(date, timestamptz), strip_rest(date, text),
	put_in_place(text, text, date) FROM PUBLIC;

-- reading again -----------------------------------------------------------------------------------

CREATE OR REPLACE FUNCTION forget_interval(realm int4, since timestamptz, until timestamptz, sources int4[])
RETURNS void LANGUAGE plpgsql
SET search_path = receiptd, pg_catalog, pg_temp SET timezone = 'UTC' AS $$
#variable_conflict use_column
DECLARE
	t record;
BEGIN
	PERFORM note_upheaval();
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
