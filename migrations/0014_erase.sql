-- SPDX-License-Identifier: Apache-2.0
-- Privacy: erasing a person, keeping it out afterwards, legal holds. What erasing does to each table, and what it
-- cannot do, is said in docs/PRIVACY.md.

CREATE TABLE erasure (
	id          int8 NOT NULL,
	what        text NOT NULL CHECK (what IN ('erase', 'allow')),
	at          timestamptz NOT NULL DEFAULT clock_timestamp(),
	by          text NOT NULL,
	who         bytea NOT NULL CHECK (length(who) = 32),
	reason      text,
	tables      text NOT NULL,
	scrubbed_at timestamptz
);
CREATE UNIQUE INDEX erasure_id ON erasure (id);
COMMENT ON TABLE erasure IS
	'Erasures, on record without what was erased; sealed, and never changed but for scrubbed_at';
COMMENT ON COLUMN erasure.id IS 'Random number';
COMMENT ON COLUMN erasure.what IS 'erase; or allow: somebody who was erased may come back';
COMMENT ON COLUMN erasure.at IS 'Clock of the database';
COMMENT ON COLUMN erasure.by IS 'User of the machine who ran it';
COMMENT ON COLUMN erasure.who IS 'HMAC of the bare JID with the privacy key, as suppressed.who';
COMMENT ON COLUMN erasure.reason IS 'As the operator gave it; null: none';
COMMENT ON COLUMN erasure.tables IS 'JSON: rows that lost something, or went, by table';
COMMENT ON COLUMN erasure.scrubbed_at IS
	'When the places of the old rows were made free and written anew (VACUUM FULL, WAL); null: not yet';
COMMENT ON INDEX erasure_id IS 'Identity';

CREATE TABLE suppressed (
	who     bytea NOT NULL CHECK (length(who) = 32),
	erasure int8 NOT NULL
);
CREATE UNIQUE INDEX suppressed_who ON suppressed (who);
COMMENT ON TABLE suppressed IS
	'Who was erased: what is read of them later, from whatever source, is counted and not stored';
COMMENT ON COLUMN suppressed.who IS
	'HMAC, with the privacy key that is not in the database, of a bare JID or of an occupant JID';
COMMENT ON COLUMN suppressed.erasure IS 'erasure.id that put it here';
COMMENT ON INDEX suppressed_who IS 'Identity';

CREATE TABLE erased_conv (
	conv int8 NOT NULL
);
CREATE UNIQUE INDEX erased_conv_conv ON erased_conv (conv);
COMMENT ON TABLE erased_conv IS
	'Conversations that an erased person took part in: what their rows were derived from is gone, so check '
	'counts them and does not derive them anew';
COMMENT ON COLUMN erased_conv.conv IS 'Conversation, as message.conv';
COMMENT ON INDEX erased_conv_conv IS 'Identity';

CREATE TABLE erased_part (
	name text NOT NULL
);
CREATE UNIQUE INDEX erased_part_name ON erased_part (name);
COMMENT ON TABLE erased_part IS
	'Tables in whose pages old versions of erased rows may lie, until receiptd erase --scrub has written them anew';
COMMENT ON COLUMN erased_part.name IS 'Table of the schema, mostly a partition';
COMMENT ON INDEX erased_part_name IS 'Identity';

CREATE TABLE legal_hold (
	jid    int8 NOT NULL,
	name   text NOT NULL,
	until  date NOT NULL,
	reason text NOT NULL,
	by     text NOT NULL,
	at     timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE UNIQUE INDEX legal_hold_jid ON legal_hold (jid);
COMMENT ON TABLE legal_hold IS
	'Whose data must be kept for now: erase and retention leave them alone and say so (F170)';
COMMENT ON COLUMN legal_hold.jid IS 'jid.id of the bare JID, whether anything of it is stored or not';
COMMENT ON COLUMN legal_hold.name IS 'The bare JID';
COMMENT ON COLUMN legal_hold.until IS 'Last UTC day of the hold';
COMMENT ON COLUMN legal_hold.reason IS 'As the operator gave it';
COMMENT ON COLUMN legal_hold.by IS 'User of the machine who made it';
COMMENT ON COLUMN legal_hold.at IS 'Clock of the database';
COMMENT ON INDEX legal_hold_jid IS 'Identity';

COMMENT ON COLUMN instance.privacy_fingerprint IS
	'HMAC that tells the privacy key of this database from others; null until a key is used';

-- the key -----------------------------------------------------------------------------------------

CREATE FUNCTION adopt_privacy(print bytea) RETURNS boolean LANGUAGE sql SECURITY DEFINER
SET search_path = receiptd, pg_catalog, pg_temp AS $$
	UPDATE instance SET privacy_fingerprint = print WHERE privacy_fingerprint IS NULL;
	SELECT i.privacy_fingerprint = print FROM instance AS i;
$$;
COMMENT ON FUNCTION adopt_privacy(bytea) IS
	'Whether this is the privacy key of the database; the first one that is used becomes it';

-- holds -------------------------------------------------------------------------------------------

CREATE FUNCTION day_held(day date, at timestamptz) RETURNS text LANGUAGE sql STABLE
SET search_path = receiptd, pg_catalog, pg_temp SET timezone = 'UTC' AS $$
	SELECT 'messages of ' || count(*)::text || ' under legal hold' FROM legal_hold AS h
	WHERE h.until >= (at AT TIME ZONE 'UTC')::date
	  AND EXISTS (SELECT FROM message AS m WHERE m.sent_at >= day::timestamptz
	              AND m.sent_at < (day + 1)::timestamptz AND (m.from_jid = h.jid OR m.to_jid = h.jid))
	HAVING count(*) > 0
$$;
COMMENT ON FUNCTION day_held(date, timestamptz) IS
	'Why a legal hold keeps a day with its bodies; null: none does';

-- erasing -----------------------------------------------------------------------------------------

-- Texts that were equal stay equal, so that what stands on that (copies, devices) stays true; the salt is
-- thrown away with the transaction, so nobody can try guesses (F189).
CREATE FUNCTION veil(text text, salt bytea) RETURNS text LANGUAGE sql IMMUTABLE AS $$
	SELECT CASE WHEN text = '' OR starts_with(text, 'erased:') THEN text
	       ELSE 'erased:' || left(encode(sha256(salt || convert_to(text, 'UTF8')), 'hex'), 16) END
$$;
COMMENT ON FUNCTION veil(text, bytea) IS 'Put in the place of a text that is erased';

CREATE FUNCTION pseudonym(jid text, own text, salt bytea) RETURNS text LANGUAGE sql IMMUTABLE AS $$
	SELECT CASE WHEN strpos(jid, '/') = 0 THEN veil(jid, salt)
	       ELSE CASE WHEN split_part(jid, '/', 1) = own THEN veil(own, salt) ELSE split_part(jid, '/', 1) END
	            || '/' || veil(substr(jid, strpos(jid, '/') + 1), salt) END
$$;
COMMENT ON FUNCTION pseudonym(text, text, bytea) IS
	'In the place of a JID of somebody; of an occupant the room stays';

CREATE FUNCTION is_veiled(jid text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
	SELECT jid ~ '(^|/)erased:[0-9a-f]{16}$'
$$;
COMMENT ON FUNCTION is_veiled(text) IS 'A JID that an erasure took the name of, or the nick';

CREATE FUNCTION jid_again(ids int8[], names text[]) RETURNS SETOF int8 LANGUAGE sql SECURITY DEFINER
SET search_path = receiptd, pg_catalog, pg_temp AS $$
	WITH given AS (
	     SELECT u.id, u.jid FROM unnest(ids, names) AS u (id, jid)),
	again AS (
	     UPDATE jid AS j SET jid = g.jid FROM given AS g
	     WHERE j.id = g.id AND is_veiled(j.jid)
	     RETURNING j.id)
	SELECT g.id FROM given AS g JOIN jid AS j ON j.id = g.id
	WHERE j.jid <> g.jid AND g.id NOT IN (SELECT a.id FROM again AS a)
$$;
COMMENT ON FUNCTION jid_again(int8[], text[]) IS
	'Who may come back is called by name again as soon as something of them is stored; gives JIDs whose hash '
	'names another text';

CREATE FUNCTION erase_targets(own int8, name text)
RETURNS TABLE (id int8, jid text) LANGUAGE sql STABLE
SET search_path = receiptd, pg_catalog, pg_temp AS $$
	SELECT own, name
	UNION
	SELECT j.id, j.jid FROM jid AS j WHERE starts_with(j.jid, name || '/')
	UNION
	SELECT j.id, j.jid FROM sent_id AS s JOIN jid AS j ON j.id = s.to_jid
	WHERE s.what = 5 AND s.from_jid = own AND strpos(j.jid, '/') > 0
	UNION
	SELECT coalesce(j.id, 0), r.jid || '/' || n.nick
	FROM (SELECT DISTINCT m.to_jid, m.nick FROM message AS m
	      WHERE m.from_jid = own AND m.class = 5 AND m.nick <> '') AS n
	JOIN jid AS r ON r.id = n.to_jid
	LEFT JOIN jid AS j ON j.jid = r.jid || '/' || n.nick
	WHERE NOT starts_with(n.nick, 'erased:')
$$;
COMMENT ON FUNCTION erase_targets(int8, text) IS
	'Under which JIDs somebody is stored: the bare one, and as an occupant of rooms (id 0: only as a nick)';

CREATE FUNCTION has_name(text text, name text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
	SELECT strpos(lower(text), name) > 0 AND lower(text) ~ ('(^|[^[:alnum:]._+-])'
		|| regexp_replace(name, '([^[:alnum:]@_])', '\\\1', 'g') || '($|[^[:alnum:].-])')
$$;
COMMENT ON FUNCTION has_name(text, text) IS
	'Does a text name a JID (given in lower case), and not only one that it is a part of?';

CREATE FUNCTION erase_messages(ids int8[], salt bytea) RETURNS int8 LANGUAGE plpgsql
SET search_path = receiptd, pg_catalog, pg_temp AS $$
DECLARE
	gone int8;
BEGIN
	WITH done AS (
	     UPDATE message AS m
	     SET body = NULL, tie = NULL, id = veil(m.id, salt), corrects = veil(m.corrects, salt),
	         from_resource = CASE WHEN m.from_jid = ANY (ids) THEN veil(m.from_resource, salt)
	                              ELSE m.from_resource END,
	         nick = CASE WHEN m.from_jid = ANY (ids) THEN veil(m.nick, salt) ELSE m.nick END,
	         ack_resource = CASE WHEN m.to_jid = ANY (ids) THEN veil(m.ack_resource, salt)
	                             ELSE m.ack_resource END,
	         receipt_own = veil(m.receipt_own, salt), marker_own = veil(m.marker_own, salt),
	         digest = ('x' || left(encode(sha256(salt || int8send(m.digest)), 'hex'), 16))::bit(64)::int8,
	         error = CASE WHEN m.error IS NOT NULL THEN failure_condition(m.error) END,
	         facts = CASE WHEN m.marks & 32 = 0 THEN substring(m.facts FROM 1 FOR 8) END
	     WHERE (m.from_jid = ANY (ids) OR m.to_jid = ANY (ids))
	       AND (m.body IS NOT NULL OR m.tie IS NOT NULL
	            OR (m.marks & 32 <> 0 AND m.facts IS NOT NULL) OR length(m.facts) > 8
	            OR (m.id, m.corrects, m.receipt_own, m.marker_own) IS DISTINCT FROM
	               (veil(m.id, salt), veil(m.corrects, salt), veil(m.receipt_own, salt),
	                veil(m.marker_own, salt))
	            OR (m.from_jid = ANY (ids) AND (m.from_resource, m.nick) IS DISTINCT FROM
	                                           (veil(m.from_resource, salt), veil(m.nick, salt)))
	            OR (m.to_jid = ANY (ids) AND m.ack_resource IS DISTINCT FROM veil(m.ack_resource, salt))
	            OR m.error IS DISTINCT FROM CASE WHEN m.error IS NOT NULL THEN failure_condition(m.error) END)
	     RETURNING m.conv, m.tableoid::regclass::text AS part),
	noted AS (
	     INSERT INTO erased_conv (conv) SELECT DISTINCT d.conv FROM done AS d ON CONFLICT DO NOTHING),
	parts AS (
	     INSERT INTO erased_part (name) SELECT DISTINCT d.part FROM done AS d ON CONFLICT DO NOTHING)
	SELECT count(*) INTO gone FROM done;
	RETURN gone;
END $$;
COMMENT ON FUNCTION erase_messages(int8[], bytea) IS
	'Part of erase_person: rows stay, with their times and states, so that counts stay true';

CREATE FUNCTION erase_acks(ids int8[], nicks text[], name text, salt bytea) RETURNS int8 LANGUAGE plpgsql
SET search_path = receiptd, pg_catalog, pg_temp AS $$
DECLARE
	gone int8;
BEGIN
	WITH k AS (
	     SELECT DISTINCT m.conv, m.key FROM message AS m WHERE m.from_jid = ANY (ids) AND m.class >= 5),
	u AS (
	     SELECT a.tableoid AS part, a.ctid AS place,
	            a.by_jid = ANY (ids) OR a.by_jid::text || '/' || a.by_resource = ANY (nicks) AS gave,
	            a.leg = 0 OR a.to_jid = ANY (ids) OR a.named = name OR k.key IS NOT NULL AS names,
	            a.real = name OR starts_with(a.real, name || '/') AS real,
	            a.leg = 0 OR a.by_jid = ANY (ids) OR a.by_jid::text || '/' || a.by_resource = ANY (nicks)
	            OR a.real = name OR starts_with(a.real, name || '/') AS own
	     FROM ack AS a
	     LEFT JOIN k ON k.conv = a.conv AND k.key = a.key
	     WHERE k.key IS NOT NULL OR a.by_jid = ANY (ids) OR a.to_jid = ANY (ids)
	        OR a.by_jid::text || '/' || a.by_resource = ANY (nicks)
	        OR a.real = name OR starts_with(a.real, name || '/') OR a.named = name),
	v AS (
	     SELECT a.tableoid AS part, a.ctid AS place, a.conv,
	            CASE WHEN u.gave THEN veil(a.by_resource, salt) ELSE a.by_resource END AS by_resource,
	            CASE WHEN u.own THEN veil(a.own_id, salt) ELSE a.own_id END AS own_id,
	            CASE WHEN u.names THEN veil(a.ref, salt) ELSE a.ref END AS ref,
	            CASE WHEN u.names THEN veil(a.named, salt) ELSE a.named END AS named,
	            CASE WHEN u.real THEN NULL ELSE a.real END AS real,
	            CASE WHEN a.condition IS NOT NULL AND a.kind IN (7, 9) THEN failure_condition(a.condition)
	                 ELSE a.condition END AS condition
	     FROM ack AS a
	     JOIN u ON a.tableoid = u.part AND a.ctid = u.place),
	done AS (
	     UPDATE ack AS a
	     SET by_resource = v.by_resource, own_id = v.own_id, ref = v.ref, named = v.named, real = v.real,
	         condition = v.condition, tie = NULL, mark_tie = NULL
	     FROM v
	     WHERE a.tableoid = v.part AND a.ctid = v.place
	       AND (a.tie IS NOT NULL OR a.mark_tie IS NOT NULL
	            OR (a.by_resource, a.own_id, a.ref, a.named, a.real, a.condition) IS DISTINCT FROM
	               (v.by_resource, v.own_id, v.ref, v.named, v.real, v.condition))
	     RETURNING a.conv, a.tableoid::regclass::text AS part),
	noted AS (
	     INSERT INTO erased_conv (conv) SELECT DISTINCT d.conv FROM done AS d ON CONFLICT DO NOTHING),
	parts AS (
	     INSERT INTO erased_part (name) SELECT DISTINCT d.part FROM done AS d ON CONFLICT DO NOTHING)
	SELECT count(*) INTO gone FROM done;
	RETURN gone;
END $$;
COMMENT ON FUNCTION erase_acks(int8[], text[], text, bytea) IS
	'Part of erase_person: receipts, markers and errors that somebody gave or got';

CREATE FUNCTION erase_states(ids int8[], salt bytea) RETURNS TABLE (name text, rows int8)
LANGUAGE plpgsql SET search_path = receiptd, pg_catalog, pg_temp AS $$
BEGIN
	name := 'chat_state';
	WITH done AS (
	     UPDATE chat_state AS s
	     SET resource = CASE WHEN s.from_jid = ANY (ids) THEN veil(s.resource, salt) ELSE s.resource END,
	         own_id = veil(s.own_id, salt), tie = NULL
	     WHERE (s.from_jid = ANY (ids) OR s.to_jid = ANY (ids))
	       AND (s.tie IS NOT NULL OR s.own_id IS DISTINCT FROM veil(s.own_id, salt)
	            OR (s.from_jid = ANY (ids) AND s.resource IS DISTINCT FROM veil(s.resource, salt)))
	     RETURNING s.conv, s.tableoid::regclass::text AS part),
	noted AS (
	     INSERT INTO erased_conv (conv) SELECT DISTINCT d.conv FROM done AS d ON CONFLICT DO NOTHING),
	parts AS (
	     INSERT INTO erased_part (name) SELECT DISTINCT d.part FROM done AS d ON CONFLICT DO NOTHING)
	SELECT count(*) INTO rows FROM done;
	RETURN NEXT;
	name := 'chat_party';
	UPDATE chat_party AS p SET resource = veil(p.resource, salt)
	WHERE p.from_jid = ANY (ids) AND p.resource IS DISTINCT FROM veil(p.resource, salt);
	GET DIAGNOSTICS rows = ROW_COUNT;
	RETURN NEXT;
	name := 'typing';
	UPDATE typing AS t SET resource = veil(t.resource, salt)
	WHERE t.from_jid = ANY (ids) AND t.resource IS DISTINCT FROM veil(t.resource, salt);
	GET DIAGNOSTICS rows = ROW_COUNT;
	RETURN NEXT;
END $$;
COMMENT ON FUNCTION erase_states(int8[], bytea) IS 'Part of erase_person: chat states and typing stay countable';

CREATE FUNCTION erase_findings(own text, ids int8[], names text[], salt bytea) RETURNS int8
LANGUAGE plpgsql SET search_path = receiptd, pg_catalog, pg_temp AS $$
DECLARE
	gone int8;
BEGIN
	WITH seen AS (
	     SELECT s.position FROM chat_state AS s WHERE s.from_jid = ANY (ids) OR s.to_jid = ANY (ids)
	     UNION
	     SELECT a.position FROM ack AS a WHERE a.by_jid = ANY (ids) OR a.to_jid = ANY (ids)
	     UNION
	     SELECT m.sent_pos FROM message AS m WHERE m.from_jid = ANY (ids) OR m.to_jid = ANY (ids)),
	keys AS (
	     SELECT m.conv, m.key FROM message AS m WHERE m.from_jid = ANY (ids) OR m.to_jid = ANY (ids)
	     UNION
	     SELECT a.conv, a.key FROM ack AS a WHERE a.leg = 0 AND (a.by_jid = ANY (ids) OR a.to_jid = ANY (ids))),
	v AS (
	     SELECT f.ctid AS place,
	            CASE WHEN o.is_own THEN pseudonym(f.by, own, salt) ELSE f.by END AS by,
	            CASE WHEN o.is_own OR (f.conv, f.key) IN (SELECT k.conv, k.key FROM keys AS k)
	                      OR (f.position <> 0 AND f.position IN (SELECT s.position FROM seen AS s))
	                 THEN veil(f.ref, salt) ELSE f.ref END AS ref
	     FROM finding AS f
	     CROSS JOIN LATERAL (SELECT f.by = ANY (names) OR starts_with(f.by, own || '/') AS is_own) AS o),
	done AS (
	     UPDATE finding AS f SET by = v.by, ref = v.ref
	     FROM v
	     WHERE f.ctid = v.place AND (f.by, f.ref) IS DISTINCT FROM (v.by, v.ref)
	     RETURNING f.conv),
	noted AS (
	     INSERT INTO erased_conv (conv) SELECT DISTINCT d.conv FROM done AS d WHERE d.conv <> 0
	     ON CONFLICT DO NOTHING)
	SELECT count(*) INTO gone FROM done;
	RETURN gone;
END $$;
COMMENT ON FUNCTION erase_findings(text, int8[], text[], bytea) IS
	'Part of erase_person: they stay countable by rule';

-- Texts in which somebody may be named: whatever holds the name goes as a whole.
CREATE FUNCTION erase_named(own text) RETURNS TABLE (name text, rows int8)
LANGUAGE plpgsql SET search_path = receiptd, pg_catalog, pg_temp AS $$
DECLARE
	escaped text := lower(encode(convert_to(own, 'UTF8'), 'escape'));
BEGIN
	name := 'dialect_fact';
	DELETE FROM dialect_fact AS d WHERE has_name(d.value, own) OR has_name(d.key, own);
	GET DIAGNOSTICS rows = ROW_COUNT;
	RETURN NEXT;
	name := 'quarantine';
	UPDATE quarantine AS q SET raw = ''
	WHERE length(q.raw) > 0 AND has_name(encode(q.raw, 'escape'), escaped);
	GET DIAGNOSTICS rows = ROW_COUNT;
	RETURN NEXT;
	name := 'access_log';
	UPDATE access_log AS l SET filter = 'erased'
	WHERE strpos(lower(l.filter), own) > 0
	   OR strpos(lower(l.filter), replace(replace(own, '%', '%25'), '@', '%40')) > 0;
	GET DIAGNOSTICS rows = ROW_COUNT;
	RETURN NEXT;
	name := 'report_file';
	rows := 0;
	IF to_regclass('report_file') IS NOT NULL THEN
		EXECUTE 'UPDATE report_file AS f SET content = NULL WHERE has_name(encode(f.content, ''escape''), $1)'
		USING escaped;
		GET DIAGNOSTICS rows = ROW_COUNT;
	END IF;
	RETURN NEXT;
END $$;
COMMENT ON FUNCTION erase_named(text) IS 'Part of erase_person: session facts, quarantine, access log, reports';

CREATE FUNCTION erase_known(own int8, whom text) RETURNS int8 LANGUAGE plpgsql
SET search_path = receiptd, pg_catalog, pg_temp AS $$
DECLARE
	gone  int8;
	lists int8;
BEGIN
	DELETE FROM known AS k
	WHERE k.about = own OR k.related = own OR k.subject = whom OR starts_with(k.subject, whom || '/')
	   OR (k.kind > 4 AND (k.object = whom OR starts_with(k.object, whom || '/')));
	GET DIAGNOSTICS gone = ROW_COUNT;
	UPDATE known AS k SET value = substr(replace(E'\n' || k.value, E'\n' || whom || E'\n', E'\n'), 2)
	WHERE k.kind = 4 AND strpos(E'\n' || k.value, E'\n' || whom || E'\n') > 0;
	GET DIAGNOSTICS lists = ROW_COUNT;
	RETURN gone + lists;
END $$;
COMMENT ON FUNCTION erase_known(int8, text) IS
	'Part of erase_person: what is known of the devices and the account, and its place in rosters of others';

-- The start of a stanza is kept with whatever row it gave its time to (T1): a room's message to somebody is a
-- row of its author.
CREATE FUNCTION erase_ties(own text) RETURNS int8 LANGUAGE plpgsql
SET search_path = receiptd, pg_catalog, pg_temp AS $$
DECLARE
	escaped text := lower(encode(convert_to(own, 'UTF8'), 'escape'));
	gone    int8 := 0;
	n       int8;
	t       record;
BEGIN
	-- A message keeps a mark, by which the seal knows that something was taken from it.
	FOR t IN SELECT * FROM (VALUES ('message', 'tie', 'erased:'::bytea), ('ack', 'tie', NULL), ('ack', 'mark_tie', NULL),
	                               ('chat_state', 'tie', NULL)) AS v (name, tie, mark) LOOP
		EXECUTE format('WITH done AS (UPDATE %1$I AS x SET %2$I = $2 WHERE x.%2$I IS NOT NULL'
			' AND has_name(encode(x.%2$I, ''escape''), $1) RETURNING x.conv, x.tableoid::regclass::text AS part),'
			' noted AS (INSERT INTO erased_conv (conv) SELECT DISTINCT d.conv FROM done AS d ON CONFLICT DO NOTHING),'
			' parts AS (INSERT INTO erased_part (name) SELECT DISTINCT d.part FROM done AS d ON CONFLICT DO NOTHING)'
			' SELECT count(*) FROM done', t.name, t.tie) INTO n USING escaped, t.mark;
		gone := gone + n;
	END LOOP;
	RETURN gone;
END $$;
COMMENT ON FUNCTION erase_ties(text) IS 'Part of erase_person: starts of stanzas that name somebody, with rows of others';

CREATE FUNCTION erase_person(own int8, name text, ids int8[], names text[], salt bytea)
RETURNS TABLE (part text, rows int8) LANGUAGE plpgsql
SET search_path = receiptd, pg_catalog, pg_temp SET timezone = 'UTC' AS $$
#variable_conflict use_variable
DECLARE
	nicks text[];
BEGIN
	-- No batch meanwhile; what others have read and not stored is read again, with the new list of who
	-- must not come back.
	PERFORM FROM lane ORDER BY id FOR UPDATE;
	UPDATE lane SET fence = fence + 1 WHERE id = 0;
	-- Before they lose it, the seal keeps what its proofs need of rows that name these JIDs.
	PERFORM seal_keep(array_remove(ids, 0::int8));
	SELECT array_agg(r.id::text || '/' || substr(t.name, strpos(t.name, '/') + 1)) INTO nicks
	FROM unnest(names) AS t (name)
	JOIN jid AS r ON r.jid = split_part(t.name, '/', 1)
	WHERE strpos(t.name, '/') > 0;
	nicks := coalesce(nicks, '{}');
	-- Before the rest: archive_seen is found by the conversations that somebody takes part in.
	DELETE FROM archive_seen AS a USING party AS p WHERE p.jid = own AND a.conv = p.conv;
	GET DIAGNOSTICS rows = ROW_COUNT;
	part := 'archive_seen';
	RETURN NEXT;
	part := 'message';
	rows := erase_messages(ids, salt);
	RETURN NEXT;
	part := 'ack';
	rows := erase_acks(ids, nicks, name, salt);
	RETURN NEXT;
	RETURN QUERY SELECT s.name, s.rows FROM erase_states(ids, salt) AS s;
	part := 'tie';
	rows := erase_ties(name);
	RETURN NEXT;
	part := 'finding';
	rows := erase_findings(name, ids, names, salt);
	RETURN NEXT;
	part := 'known';
	rows := erase_known(own, name);
	RETURN NEXT;
	part := 'sent_id';
	WITH done AS (
	     DELETE FROM sent_id AS s WHERE s.from_jid = ANY (ids) OR (s.what = 5 AND s.to_jid = ANY (ids))
	     RETURNING s.tableoid::regclass::text AS part),
	parts AS (
	     INSERT INTO erased_part (name) SELECT DISTINCT d.part FROM done AS d ON CONFLICT DO NOTHING)
	SELECT count(*) INTO rows FROM done;
	RETURN NEXT;
	part := 'party';
	DELETE FROM party AS p WHERE p.jid = ANY (ids);
	GET DIAGNOSTICS rows = ROW_COUNT;
	RETURN NEXT;
	RETURN QUERY SELECT n.name, n.rows FROM erase_named(name) AS n;
	INSERT INTO erased_part (name)
	SELECT u.name
	FROM unnest(ARRAY['jid', 'party', 'known', 'finding', 'chat_party', 'typing', 'archive_seen', 'dialect_fact',
	                  'quarantine', 'access_log', 'legal_hold', 'report_file', 'jid_salt']) AS u (name)
	WHERE to_regclass(u.name) IS NOT NULL
	ON CONFLICT DO NOTHING;
	part := 'jid';
	UPDATE jid AS j
	SET jid = pseudonym(j.jid, name, salt)
	WHERE j.id = ANY (ids) AND j.jid = ANY (names);
	GET DIAGNOSTICS rows = ROW_COUNT;
	RETURN NEXT;
END $$;
COMMENT ON FUNCTION erase_person(int8, text, int8[], text[], bytea) IS
	'Takes out of every table what it holds of somebody, and says how many rows that were; in the transaction '
	'of the caller, who notes it and puts the names on the list of who must not come back';

-- showing -----------------------------------------------------------------------------------------

CREATE FUNCTION person_rows(own int8, whom text) RETURNS TABLE (part text, line text)
LANGUAGE sql STABLE SET search_path = receiptd, pg_catalog, pg_temp SET timezone = 'UTC' AS $$
	WITH t AS MATERIALIZED (SELECT e.id, e.jid FROM erase_targets(own, whom) AS e),
	i AS MATERIALIZED (SELECT array_agg(t.id) AS ids, array_agg(t.jid) AS names FROM t)
	SELECT 'jid', to_jsonb(j)::text FROM jid AS j, i WHERE j.id = ANY (i.ids)
	UNION ALL
	SELECT 'message', jsonb_strip_nulls(jsonb_build_object('realm', r.name, 'from', f.jid, 'to', o.jid,
	       'seen_in', s.name) || to_jsonb(m) - ARRAY['facts', 'tie', 'realm', 'from_jid', 'to_jid', 'source'])::text
	FROM i
	JOIN message AS m ON m.from_jid = ANY (i.ids) OR m.to_jid = ANY (i.ids)
	LEFT JOIN realm AS r ON r.id = m.realm
	LEFT JOIN source AS s ON s.id = m.source
	LEFT JOIN jid AS f ON f.id = m.from_jid
	LEFT JOIN jid AS o ON o.id = m.to_jid
	UNION ALL
	SELECT 'ack', jsonb_strip_nulls(jsonb_build_object('by', b.jid, 'to', o.jid)
	       || to_jsonb(a) - ARRAY['tie', 'mark_tie', 'by_jid', 'to_jid'])::text
	FROM i
	JOIN ack AS a ON a.by_jid = ANY (i.ids) OR a.to_jid = ANY (i.ids) OR starts_with(a.real, whom || '/')
	LEFT JOIN jid AS b ON b.id = a.by_jid
	LEFT JOIN jid AS o ON o.id = a.to_jid
	UNION ALL
	SELECT 'chat_state', jsonb_strip_nulls(jsonb_build_object('from', f.jid, 'to', o.jid)
	       || to_jsonb(c) - ARRAY['tie', 'from_jid', 'to_jid'])::text
	FROM i
	JOIN chat_state AS c ON c.from_jid = ANY (i.ids) OR c.to_jid = ANY (i.ids)
	LEFT JOIN jid AS f ON f.id = c.from_jid
	LEFT JOIN jid AS o ON o.id = c.to_jid
	UNION ALL
	SELECT 'typing', jsonb_strip_nulls(jsonb_build_object('from', f.jid, 'to', o.jid)
	       || to_jsonb(y) - ARRAY['from_jid', 'to_jid'])::text
	FROM i
	JOIN typing AS y ON y.from_jid = ANY (i.ids) OR y.to_jid = ANY (i.ids)
	LEFT JOIN jid AS f ON f.id = y.from_jid
	LEFT JOIN jid AS o ON o.id = y.to_jid
	UNION ALL
	SELECT 'finding', to_jsonb(g)::text
	FROM i
	JOIN finding AS g ON g.by = ANY (i.names) OR starts_with(g.by, whom || '/')
	UNION ALL
	SELECT 'known', jsonb_strip_nulls(to_jsonb(k))::text
	FROM known AS k
	WHERE k.about = own OR k.related = own OR k.subject = whom OR starts_with(k.subject, whom || '/')
	   OR (k.kind > 4 AND (k.object = whom OR starts_with(k.object, whom || '/')))
	UNION ALL
	SELECT 'known', jsonb_build_object('contact_in_list', k.subject, 'first_at', k.first_at, 'last_at', k.last_at)::text
	FROM known AS k
	WHERE k.kind = 4 AND strpos(E'\n' || k.value, E'\n' || whom || E'\n') > 0
	UNION ALL
	SELECT 'rollup_user', to_jsonb(u)::text FROM rollup_user AS u WHERE u.jid = own
	UNION ALL
	SELECT 'dialect_fact', to_jsonb(d)::text
	FROM dialect_fact AS d
	WHERE has_name(d.value, whom) OR has_name(d.key, whom)
	UNION ALL
	SELECT 'quarantine', (to_jsonb(q) - 'raw' || jsonb_build_object('raw', encode(q.raw, 'escape')))::text
	FROM quarantine AS q
	WHERE length(q.raw) > 0 AND has_name(encode(q.raw, 'escape'), lower(encode(convert_to(whom, 'UTF8'), 'escape')))
	UNION ALL
	SELECT 'access_log', to_jsonb(l)::text
	FROM access_log AS l
	WHERE strpos(lower(l.filter), whom) > 0
	   OR strpos(lower(l.filter), replace(replace(whom, '%', '%25'), '@', '%40')) > 0
	UNION ALL
	SELECT 'legal_hold', to_jsonb(h)::text FROM legal_hold AS h WHERE h.jid = own
$$;
COMMENT ON FUNCTION person_rows(int8, text) IS
	'All that is held on a bare JID, as JSON by table; also what it takes part in as an occupant of rooms';

-- growing old -------------------------------------------------------------------------------------

CREATE FUNCTION expire_old(what text, before timestamptz, dry boolean) RETURNS int8 LANGUAGE plpgsql
SET search_path = receiptd, pg_catalog, pg_temp SET timezone = 'UTC' AS $$
DECLARE
	n int8;
BEGIN
	IF what = 'known' AND dry THEN
		RETURN (SELECT count(*) FROM known AS k WHERE k.last_at < before)
		     + (SELECT count(*) FROM archive_seen AS a WHERE a.at < before);
	ELSIF what = 'known' THEN
		RETURN forget_known(before);
	ELSIF what = 'typing' AND dry THEN
		RETURN (SELECT count(*) FROM typing AS t WHERE t.start_at < before
		        AND EXISTS (SELECT FROM dropped_day AS d WHERE d.day = (t.start_at AT TIME ZONE 'UTC')::date));
	ELSIF what = 'typing' THEN
		DELETE FROM typing AS t WHERE t.start_at < before
		AND EXISTS (SELECT FROM dropped_day AS d WHERE d.day = (t.start_at AT TIME ZONE 'UTC')::date);
	ELSIF what = 'quarantine' AND dry THEN
		RETURN (SELECT count(*) FROM quarantine AS q WHERE q.found_at < before AND length(q.raw) > 0);
	ELSIF what = 'quarantine' THEN
		UPDATE quarantine AS q SET raw = '' WHERE q.found_at < before AND length(q.raw) > 0;
	ELSIF what = 'access_log' AND dry THEN
		RETURN (SELECT count(*) FROM access_log AS l WHERE l.at < before AND l.filter NOT IN ('', 'erased'));
	ELSIF what = 'access_log' THEN
		UPDATE access_log AS l SET filter = 'erased' WHERE l.at < before AND l.filter NOT IN ('', 'erased');
	END IF;
	GET DIAGNOSTICS n = ROW_COUNT;
	IF what = 'access_log' AND n > 0 THEN
		PERFORM seal_filters(before);
	END IF;
	RETURN n;
END $$;
COMMENT ON FUNCTION expire_old(text, timestamptz, boolean) IS
	'Retention of tables that are not cut into days; dry: only says how many rows. Typing goes once its day was '
	'dropped; of the access log who, when and how much stays, of quarantine where and why';

REVOKE EXECUTE ON FUNCTION jid_again(int8[], text[]), erase_person(int8, text, int8[], text[], bytea),
		erase_messages(int8[], bytea), erase_acks(int8[], text[], text, bytea),
		erase_states(int8[], bytea), erase_findings(text, int8[], text[], bytea), erase_ties(text), erase_named(text),
		erase_known(int8, text), erase_targets(int8, text), person_rows(int8, text), adopt_privacy(bytea) FROM PUBLIC;

-- Whoever stores must know who must not come back.
INSERT INTO role_grant (role, object, privileges, but)
VALUES ('receiptd_ingest', 'suppressed', '{SELECT}', '{}'),
       ('receiptd_ingest', 'FUNCTION adopt_privacy(bytea)', '{EXECUTE}', '{}'),
       ('receiptd_ingest', 'FUNCTION jid_again(int8[], text[])', '{EXECUTE}', '{}');
CALL grant_roles();
