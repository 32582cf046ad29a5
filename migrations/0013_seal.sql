-- SPDX-License-Identifier: Apache-2.0
-- Seals: what was committed until the end of a day, as one signed root (RFC 6962). A leaf is the hash of a row
-- as it was then; what is personal enters it as a salted commitment only. A sealed row may change, but then it
-- has a newer commit number and a leaf in a later seal; one that goes is noted in seal_gone, which is sealed too.
-- Which columns a leaf holds: store/sql/seal_rows_*.sql.

SET LOCAL search_path = receiptd, pg_catalog;

CREATE TABLE seal (
	number        int4 NOT NULL,
	day           date NOT NULL,
	after_commit  int8 NOT NULL,
	upto_commit   int8 NOT NULL,
	since         timestamptz NOT NULL,
	until         timestamptz NOT NULL,
	leaves        int8 NOT NULL,
	root          bytea NOT NULL CHECK (length(root) = 32),
	head          bytea NOT NULL,
	signature     bytea NOT NULL CHECK (length(signature) = 64),
	ssh_signature text NOT NULL
);
CREATE UNIQUE INDEX seal_number ON seal (number);
COMMENT ON TABLE seal IS 'Signed heads, chained; the same texts are files in the folder of seals';
COMMENT ON COLUMN seal.number IS '1, 2, 3 without holes';
COMMENT ON COLUMN seal.day IS 'UTC day whose end it stands for';
COMMENT ON COLUMN seal.after_commit IS 'Rows whose commit is greater, and ...';
COMMENT ON COLUMN seal.upto_commit IS '... not greater than this';
COMMENT ON COLUMN seal.since IS 'Access log: rows from then on, and ...';
COMMENT ON COLUMN seal.until IS '... before then; clock of the database';
COMMENT ON COLUMN seal.leaves IS 'Leaves of its tree';
COMMENT ON COLUMN seal.root IS 'Root of its tree';
COMMENT ON COLUMN seal.head IS 'The signed text';
COMMENT ON COLUMN seal.signature IS 'Ed25519 over the text';
COMMENT ON COLUMN seal.ssh_signature IS 'The same key, as ssh-keygen -Y verify wants it';
COMMENT ON INDEX seal_number IS 'Identity';

CREATE TABLE seal_leaf (
	number    int4 NOT NULL,
	kind      int2 NOT NULL,
	day       date NOT NULL,
	block     int4 NOT NULL,
	first     int8 NOT NULL,
	entries   int4 NOT NULL,
	first_row bytea NOT NULL,
	last_row  bytea NOT NULL,
	data      bytea NOT NULL
);
ALTER TABLE seal_leaf ALTER COLUMN data SET STORAGE EXTERNAL;
CREATE UNIQUE INDEX seal_leaf_block ON seal_leaf (kind, day, number, block);
CREATE INDEX seal_leaf_first ON seal_leaf (number, first);
COMMENT ON TABLE seal_leaf IS
	'Leaves of the trees, 1,024 a row, in the order of kind, day and row key: what was there, and the hash of it';
COMMENT ON COLUMN seal_leaf.number IS 'seal.number';
COMMENT ON COLUMN seal_leaf.kind IS
	'1 message, 2 ack, 3 finding, 4 gap, 5 dropped_day, 6 seal_gone, 7 seal_lost, 8 access_log, 9 report, '
	'10 report_file, 11 erasure';
COMMENT ON COLUMN seal_leaf.day IS 'UTC day by which the table is cut; 1970-01-01: it is not';
COMMENT ON COLUMN seal_leaf.block IS 'Order within seal, kind and day, from 0';
COMMENT ON COLUMN seal_leaf.first IS 'Index of the first leaf in the tree';
COMMENT ON COLUMN seal_leaf.entries IS 'Leaves in data';
COMMENT ON COLUMN seal_leaf.first_row IS 'Row key of the first one';
COMMENT ON COLUMN seal_leaf.last_row IS 'Row key of the last one';
COMMENT ON COLUMN seal_leaf.data IS
	'Of each leaf: length of the row key and the key; bits (1 commitment, 2 commitment of the body); hash of '
	'the leaf; then the commitments';
COMMENT ON INDEX seal_leaf_block IS 'Identity; the leaves of a day of a table';
COMMENT ON INDEX seal_leaf_first IS 'The tree in order';

CREATE TABLE seal_state (
	single boolean NOT NULL DEFAULT true CHECK (single),
	upto   int8 NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX seal_state_single ON seal_state (single);
INSERT INTO seal_state DEFAULT VALUES;
COMMENT ON TABLE seal_state IS 'One row: how far rows are sealed, or are being sealed';
COMMENT ON COLUMN seal_state.single IS 'Always true: there is one row';
COMMENT ON COLUMN seal_state.upto IS
	'Removing a row of this commit or an older one is noted in seal_gone; 0: nothing was ever sealed';
COMMENT ON INDEX seal_state_single IS 'Makes a second row impossible';

CREATE TABLE seal_gone (
	kind   int2 NOT NULL,
	day    date NOT NULL,
	row    bytea NOT NULL,
	commit int8 NOT NULL
);
CREATE INDEX seal_gone_row ON seal_gone (kind, day, row);
COMMENT ON TABLE seal_gone IS
	'Sealed rows that pairing or reprocess removed, or that got another place; not those of dropped days';
COMMENT ON COLUMN seal_gone.kind IS 'As seal_leaf.kind';
COMMENT ON COLUMN seal_gone.day IS 'As seal_leaf.day';
COMMENT ON COLUMN seal_gone.row IS 'Row key: big-endian columns of its identity, sign bit turned, so that bytes sort as they do';
COMMENT ON COLUMN seal_gone.commit IS 'batch.commit that removed it, or the next one';
COMMENT ON INDEX seal_gone_row IS 'In the order of the leaves';

CREATE TABLE jid_salt (
	jid  int8 NOT NULL,
	salt bytea NOT NULL CHECK (length(salt) = 32),
	after int8 NOT NULL DEFAULT -1
);
CREATE UNIQUE INDEX jid_salt_jid ON jid_salt (jid);
COMMENT ON TABLE jid_salt IS
	'One random number per JID: opens the commitments of all rows that name it. Without it nobody can tell '
	'whether a guess is right';
COMMENT ON COLUMN jid_salt.jid IS 'jid.id, or what that would be';
COMMENT ON COLUMN jid_salt.salt IS 'Made when a row that names it is first sealed; gone when it is erased';
COMMENT ON COLUMN jid_salt.after IS
	'Of somebody who was erased and came back: rows of this commit or an older one were sealed with another salt';
COMMENT ON INDEX jid_salt_jid IS 'Identity';

CREATE TABLE seal_lost (
	what   int2 NOT NULL,
	day    date NOT NULL,
	jid    int8 NOT NULL,
	commit int8 NOT NULL,
	at     timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE UNIQUE INDEX seal_lost_what ON seal_lost (what, day, jid);
COMMENT ON TABLE seal_lost IS
	'What can no longer be compared with its commitment, because it was taken out as it should be';
COMMENT ON COLUMN seal_lost.what IS '1 bodies of a day, 2 a person, 3 filters of the access log before a day';
COMMENT ON COLUMN seal_lost.day IS '1: UTC day of the messages; 3: UTC day before which; else 1970-01-01';
COMMENT ON COLUMN seal_lost.jid IS '2: jid.id; else 0';
COMMENT ON COLUMN seal_lost.commit IS 'Commit number of the next batch then';
COMMENT ON COLUMN seal_lost.at IS 'Clock of the database';
COMMENT ON INDEX seal_lost_what IS 'Identity';

ALTER TABLE access_log ADD COLUMN salt bytea DEFAULT uuid_send(gen_random_uuid());
COMMENT ON COLUMN access_log.salt IS
	'Opens the commitment of filter; null: filter was taken out by an erasure';

ALTER TABLE report ADD COLUMN stored_at timestamptz NOT NULL DEFAULT clock_timestamp();
COMMENT ON COLUMN report.stored_at IS 'Clock of the database: which seal covers it';

-- row keys ----------------------------------------------------------------------------------------

CREATE FUNCTION seal_turn(bytes bytea) RETURNS bytea LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
SELECT set_byte(bytes, 0, get_byte(bytes, 0) # 128)
$$;
COMMENT ON FUNCTION seal_turn(bytea) IS 'Turns the sign bit of a big-endian number: bytes then sort as numbers';

CREATE FUNCTION seal_int8(number int8) RETURNS bytea LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
SELECT receiptd.seal_turn(int8send(number))
$$;
COMMENT ON FUNCTION seal_int8(int8) IS 'Part of a row key';

CREATE FUNCTION seal_int4(number int4) RETURNS bytea LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
SELECT receiptd.seal_turn(int4send(number))
$$;
COMMENT ON FUNCTION seal_int4(int4) IS 'Part of a row key';

CREATE FUNCTION seal_message(conv int8, sent_at timestamptz, key int8, n int4)
RETURNS bytea LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
SELECT receiptd.seal_int8(conv) || receiptd.seal_turn(timestamptz_send(sent_at))
       || receiptd.seal_int8(key) || receiptd.seal_int4(n)
$$;
COMMENT ON FUNCTION seal_message(int8, timestamptz, int8, int4) IS 'Row key of a message';

CREATE FUNCTION seal_ack(conv int8, seen_at timestamptz, key int8, pos int8, by_jid int8, what int2)
RETURNS bytea LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
SELECT receiptd.seal_int8(conv) || receiptd.seal_turn(timestamptz_send(seen_at))
       || receiptd.seal_int8(key) || receiptd.seal_int8(pos) || receiptd.seal_int8(by_jid)
       || receiptd.seal_turn(int2send(what))
$$;
COMMENT ON FUNCTION seal_ack(int8, timestamptz, int8, int8, int8, int2) IS 'Row key of evidence';

CREATE FUNCTION seal_report(realm int4, period text, day date, zone text, revision int4, format text)
RETURNS bytea LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
SELECT receiptd.seal_int4(realm) || convert_to(concat_ws(' ', period, to_char(day, 'YYYY-MM-DD'), zone,
       lpad(revision::text, 6, '0'), format), 'UTF8')
$$;
COMMENT ON FUNCTION seal_report(int4, text, date, text, int4, text) IS 'Row key of a report, or of a file of it';

-- what writers note -------------------------------------------------------------------------------

CREATE FUNCTION next_commit() RETURNS int8 LANGUAGE sql VOLATILE
SET search_path = receiptd, pg_catalog, pg_temp AS $$
SELECT max(l.commit) + 1 FROM (SELECT x.commit FROM lane AS x ORDER BY x.id FOR UPDATE) AS l
$$;
COMMENT ON FUNCTION next_commit() IS
	'Commit number for what is written beside batches; holds the lanes, so that no seal passes it by';

CREATE FUNCTION seal_findings_go(begins timestamptz, ends timestamptz) RETURNS void LANGUAGE sql
SET search_path = receiptd, pg_catalog, pg_temp AS $$
INSERT INTO seal_gone (kind, day, row, commit)
SELECT 3, date 'epoch', seal_int8(f.conv) || seal_int8(f.key) || seal_int8(f.element), next_commit()
FROM finding AS f
WHERE f.last_at >= begins AND f.last_at < ends AND f.commit <= (SELECT s.upto FROM seal_state AS s)
$$;
COMMENT ON FUNCTION seal_findings_go(timestamptz, timestamptz) IS
	'Part of drop_day: findings have no days of their own';

CREATE FUNCTION seal_interval_goes(realm int4, since timestamptz, until timestamptz, sources int4[])
RETURNS void LANGUAGE plpgsql SET search_path = receiptd, pg_catalog, pg_temp SET timezone = 'UTC' AS $$
#variable_conflict use_column
DECLARE
	sealed int8 := (SELECT s.upto FROM seal_state AS s);
	now_is int8;
BEGIN
	IF sealed = 0 THEN
		RETURN;
	END IF;
	now_is := next_commit();
	INSERT INTO seal_gone (kind, day, row, commit)
	SELECT 1, m.sent_at::date, seal_message(m.conv, m.sent_at, m.key, m.n), now_is
	FROM message AS m
	WHERE m.realm = $1 AND m.sent_at >= $2 AND m.sent_at < $3 AND m.commit <= sealed
	UNION ALL
	SELECT 2, a.seen_at::date, seal_ack(a.conv, a.seen_at, a.key, a.position, a.by_jid, a.kind), now_is
	FROM ack AS a
	WHERE a.realm = $1 AND a.seen_at >= $2 AND a.seen_at < $3 AND a.commit <= sealed
	UNION ALL
	SELECT 3, date 'epoch', seal_int8(f.conv) || seal_int8(f.key) || seal_int8(f.element), now_is
	FROM finding AS f
	WHERE f.realm = $1 AND f.first_at >= $2 AND f.first_at < $3 AND f.commit <= sealed
	UNION ALL
	SELECT 4, date 'epoch', seal_int4(g.source) || seal_int4(g.generation) || seal_int8(g.from_offset), now_is
	FROM gap AS g
	WHERE g.realm = $1 AND g.source = ANY ($4) AND g.generation > 0 AND g.commit <= sealed;
END $$;
COMMENT ON FUNCTION seal_interval_goes(int4, timestamptz, timestamptz, int4[]) IS
	'Part of forget_interval: what was sealed and is about to be read again';

CREATE FUNCTION seal_strip(day date) RETURNS void LANGUAGE sql
SET search_path = receiptd, pg_catalog, pg_temp AS $$
INSERT INTO seal_lost (what, day, jid, commit)
SELECT 1, $1, 0, next_commit()
WHERE NOT EXISTS (SELECT FROM seal_lost AS l WHERE l.what = 1 AND l.day = $1 AND l.jid = 0)
ON CONFLICT (what, day, jid) DO NOTHING
$$;
COMMENT ON FUNCTION seal_strip(date) IS 'Part of strip_day: bodies of a day are gone';

CREATE FUNCTION seal_filters(before timestamptz) RETURNS void LANGUAGE sql
SET search_path = receiptd, pg_catalog, pg_temp SET timezone = 'UTC' AS $$
INSERT INTO seal_lost (what, day, jid, commit)
SELECT 3, (before + interval '1 day' - interval '1 microsecond')::date, 0, next_commit()
ON CONFLICT (what, day, jid) DO NOTHING
$$;
COMMENT ON FUNCTION seal_filters(timestamptz) IS
	'Part of expire_old: what was asked for is gone from the access log before then';

CREATE FUNCTION seal_waits(day date) RETURNS boolean LANGUAGE plpgsql STABLE
SET search_path = receiptd, pg_catalog, pg_temp SET timezone = 'UTC' AS $$
DECLARE
	sealed int8 := (SELECT max(s.upto_commit) FROM seal AS s);
BEGIN
	RETURN sealed IS NOT NULL AND (
		EXISTS (SELECT FROM batch AS b
		        WHERE b.commit > sealed
		          AND EXISTS (SELECT FROM generate_subscripts(b.spans, 1) AS i
		                      WHERE i % 2 = 1 AND b.spans[i] < $1 + 1 AND b.spans[i + 1] >= $1))
		OR EXISTS (SELECT FROM ack AS a
		           WHERE a.seen_at >= $1 AND a.seen_at < $1 + 1 AND a.commit > sealed));
END $$;
COMMENT ON FUNCTION seal_waits(date) IS
	'Rows of the day are not sealed yet, and sealing is in use: retention leaves the day alone';

CREATE FUNCTION seal_keep(jids int8[]) RETURNS void LANGUAGE plpgsql
SET search_path = receiptd, pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
	now_is int8 := next_commit();
BEGIN
	INSERT INTO seal_lost (what, day, jid, commit)
	SELECT DISTINCT 2, date 'epoch', u.jid, now_is FROM unnest($1) AS u (jid)
	ON CONFLICT (what, day, jid) DO NOTHING;
	DELETE FROM jid_salt AS s WHERE s.jid = ANY ($1);
END $$;
COMMENT ON FUNCTION seal_keep(int8[]) IS
	'Before persons are erased: what of their rows was sealed is from now on taken as it was sealed, and nobody '
	'can open it';

-- The text is gone with its salt, so that nobody can try guesses; see store/seal_rows.c.
CREATE FUNCTION forget_filter() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	NEW.salt := NULL;
	RETURN NEW;
END $$;
COMMENT ON FUNCTION forget_filter() IS 'An erasure took the filter of an access out';
CREATE TRIGGER access_log_erased BEFORE UPDATE OF filter ON access_log
	FOR EACH ROW WHEN (NEW.filter = 'erased') EXECUTE FUNCTION forget_filter();
COMMENT ON TRIGGER access_log_erased ON access_log IS 'Takes the salt with the text';

-- Who ingests notes what went, and neither makes seals nor opens them; who reads does not open them.
INSERT INTO role_grant (role, object, privileges, but)
VALUES ('receiptd_ingest', 'seal_gone', '{INSERT}', '{}'),
       ('receiptd_ingest', 'seal_state', '{SELECT}', '{}');
ALTER PROCEDURE grant_roles() RENAME TO grant_tables;
CREATE PROCEDURE grant_roles() LANGUAGE plpgsql SET search_path = receiptd, pg_catalog, pg_temp AS $$
BEGIN
	CALL grant_tables();
	IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'receiptd_read') THEN
		REVOKE ALL ON jid_salt FROM receiptd_read;
	END IF;
END $$;
COMMENT ON PROCEDURE grant_tables() IS 'Part of grant_roles';
COMMENT ON PROCEDURE grant_roles() IS
	'Grants what the roles may do, as far as they are there; an administrator who made them later calls it';
CALL grant_roles();
