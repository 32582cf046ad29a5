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

CREATE PROCEDURE grant_roles() LANGUAGE plpgsql SET search_path = receiptd, pg_catalog, pg_temp AS $$
BEGIN
	IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'receiptd_read') THEN
		GRANT USAGE ON SCHEMA receiptd TO receiptd_read;
		GRANT SELECT ON ALL TABLES IN SCHEMA receiptd TO receiptd_read;
		ALTER DEFAULT PRIVILEGES IN SCHEMA receiptd GRANT SELECT ON TABLES TO receiptd_read;
	END IF;
	IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'receiptd_access') THEN
		GRANT USAGE ON SCHEMA receiptd TO receiptd_access;
		GRANT SELECT ON receiptd_migration TO receiptd_access;
		GRANT INSERT, SELECT (id), UPDATE (rows) ON access_log TO receiptd_access;
		GRANT SELECT (sha256, revoked_at, used_at), UPDATE (used_at) ON token TO receiptd_access;
	END IF;
	IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'receiptd_ingest') THEN
		GRANT USAGE ON SCHEMA receiptd TO receiptd_ingest;
		GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA receiptd TO receiptd_ingest;
		ALTER DEFAULT PRIVILEGES IN SCHEMA receiptd
			GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO receiptd_ingest;
		REVOKE ALL ON token, access_log FROM receiptd_ingest;
		REVOKE INSERT, UPDATE, DELETE ON receiptd_migration, instance, dropped_day
			FROM receiptd_ingest;
		GRANT EXECUTE ON FUNCTION make_day(date) TO receiptd_ingest;
	END IF;
END $$;
COMMENT ON PROCEDURE grant_roles() IS
	'Grants what the roles may do, as far as they are there; an administrator who made them later calls it';

CALL grant_roles();
