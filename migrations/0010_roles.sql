-- SPDX-License-Identifier: Apache-2.0
-- Roles for those who need less than the owner (F190). They are groups without login: who connects is made a
-- member (GRANT receiptd_read TO somebody). The owner migrates and drops days; receiptd_ingest stores what logs
-- show; receiptd_read answers questions; receiptd_access writes the access log and the last use of tokens.
-- Connections of the HTTP interface take the last two by themselves when they may (store/sql/role.sql). Who
-- may not make roles has none: all is the owner's then.

DO $$
DECLARE
	wanted text;
BEGIN
	FOREACH wanted IN ARRAY ARRAY['receiptd_ingest', 'receiptd_read', 'receiptd_access'] LOOP
		BEGIN
			IF NOT EXISTS (SELECT FROM pg_roles AS r WHERE r.rolname = wanted) THEN
				EXECUTE format('CREATE ROLE %I NOLOGIN', wanted);
				EXECUTE format('GRANT %I TO CURRENT_USER', wanted);
			END IF;
		EXCEPTION
			WHEN insufficient_privilege OR duplicate_object OR unique_violation THEN
				NULL; -- not allowed, or another migration was quicker
		END;
	END LOOP;
END $$;

-- A function that makes partitions does it as the owner; nobody else may call it.
ALTER FUNCTION make_day(date) SECURITY DEFINER;
REVOKE EXECUTE ON FUNCTION make_day(date), attach_part(text, text, text, date, int4),
	drop_day(date, text), strip_day(date), copy_without_bodies(text, text) FROM PUBLIC;

CREATE TABLE role_grant (
	role       text NOT NULL,
	object     text NOT NULL,
	privileges text[] NOT NULL,
	but        text[] NOT NULL
);
CREATE UNIQUE INDEX role_grant_object ON role_grant (role, object, but);
COMMENT ON TABLE role_grant IS
	'What the roles may do beside reading, which receiptd_read may: a migration that makes a table adds to it '
	'and calls grant_roles(). Partitions need nothing of their own: statements name the table';
COMMENT ON COLUMN role_grant.role IS 'Name of the role';
COMMENT ON COLUMN role_grant.object IS 'Table; or "FUNCTION name(types)"';
COMMENT ON COLUMN role_grant.privileges IS 'Privileges, as GRANT names them';
COMMENT ON COLUMN role_grant.but IS 'Columns without them: all others have them; empty: the whole object';
COMMENT ON INDEX role_grant_object IS 'Identity';

INSERT INTO role_grant (role, object, privileges, but)
-- Bodies are written once, with their row, and neither read nor replaced by whoever stores.
VALUES ('receiptd_ingest', 'message', '{SELECT,UPDATE}'::text[], '{body}'::text[]),
       ('receiptd_ingest', 'message', '{INSERT,DELETE}', '{}'),
       ('receiptd_ingest', 'quarantine', '{SELECT,UPDATE}', '{raw}'),
       ('receiptd_ingest', 'quarantine', '{INSERT,DELETE}', '{}'),
       ('receiptd_ingest', 'FUNCTION make_day(date)', '{EXECUTE}', '{}'),
       ('receiptd_read', 'quarantine', '{SELECT}', '{raw}'),
       ('receiptd_access', 'receiptd_migration', '{SELECT}', '{}'),
       ('receiptd_access', 'access_log', '{INSERT}', '{}'),
       ('receiptd_access', 'access_log', '{SELECT}', '{at,token,route,filter,bodies,rows}'),
       ('receiptd_access', 'access_log', '{UPDATE}', '{id,at,token,route,filter,bodies}'),
       ('receiptd_access', 'token', '{SELECT}', '{name,scopes,domains,created_at,expires_at}'),
       ('receiptd_access', 'token', '{UPDATE}',
        '{name,sha256,scopes,domains,created_at,expires_at,revoked_at}');
INSERT INTO role_grant (role, object, privileges, but)
SELECT 'receiptd_ingest', unnest(t.objects), t.privileges, '{}'
FROM (VALUES
      -- known beforehand
      ('{receiptd_migration,instance,dropped_day,stored_day,reprocess,chat_state_other}'::text[], '{SELECT}'::text[]),
      -- written once
      ('{jid,private_ack,party,sent_id,chat_state,chat_ingress,batch}', '{SELECT,INSERT}'),
      -- kept up to date
      ('{realm,realm_rules,source,generation,lane,lane_mark,line_counter,quarantine_range,known,'
       'archive_seen,chat_party,rollup,rollup_latency,rollup_user,rollup_device,rollup_failure}',
       '{SELECT,INSERT,UPDATE}'),
      -- of pairing: what turns out otherwise is taken back
      ('{ack,finding,typing,settle_unit,known_keys,dialect_fact,gap}', '{SELECT,INSERT,UPDATE,DELETE}'))
     AS t (objects, privileges);

CREATE PROCEDURE grant_roles() LANGUAGE plpgsql SET search_path = receiptd, pg_catalog, pg_temp AS $$
DECLARE
	g       record;
	t       regclass;
	columns text;
BEGIN
	IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'receiptd_read') THEN
		-- Partitions by their table alone: its rules for rows are not theirs (F191).
		FOR t IN SELECT c.oid FROM pg_class AS c
		         WHERE c.relnamespace = 'receiptd'::regnamespace AND c.relkind IN ('r', 'p', 'v')
		           AND NOT c.relispartition LOOP
			EXECUTE format('GRANT SELECT ON %s TO receiptd_read', t);
		END LOOP;
		-- Of one but for the columns that follow; who asked what is for no one who asks.
		REVOKE SELECT ON quarantine, access_log FROM receiptd_read;
	END IF;
	FOR g IN SELECT r.rolname, x.object, x.but, unnest(x.privileges) AS privilege
	         FROM role_grant AS x JOIN pg_roles AS r ON r.rolname = x.role LOOP
		EXECUTE format('GRANT USAGE ON SCHEMA receiptd TO %I', g.rolname);
		columns := '';
		IF cardinality(g.but) > 0 THEN
			SELECT ' (' || string_agg(quote_ident(a.attname), ', ') || ')' INTO columns
			FROM pg_attribute AS a
			WHERE a.attrelid = to_regclass(g.object) AND a.attnum > 0 AND NOT a.attisdropped
			  AND a.attname <> ALL (g.but);
		END IF;
		EXECUTE format('GRANT %s%s ON %s TO %I', g.privilege, columns, g.object, g.rolname);
	END LOOP;
END $$;
COMMENT ON PROCEDURE grant_roles() IS
	'Grants what the roles may do, as far as they are there; an administrator who made them later calls it';

CALL grant_roles();
