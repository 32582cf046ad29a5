-- SPDX-License-Identifier: Apache-2.0
-- F191: the database itself keeps rows of other domains from whoever asks for some. The API looks each token up
-- first, and that statement (store/sql/token_find.sql) says in the setting receiptd.domains whose rows the
-- connection sees until the next one: "*" all, else domains separated by blanks. Without the setting nothing is
-- seen. It guards against mistakes of statements and of the program, not against somebody who may write SQL of
-- his own: he may set it too.
--
-- The owner, superusers and roles with BYPASSRLS are not subject to it, and FORCE would forbid the owner COPY;
-- so the API refuses tokens that are limited to domains when its connection is not (store/sql/guarded.sql).

-- Whoever stores needs all rows, and COPY, which row-level security forbids. Only a superuser may allow it; else
-- the owner stores as himself (store/sql/role.sql).
DO $$
BEGIN
	ALTER ROLE receiptd_ingest BYPASSRLS;
EXCEPTION
	WHEN insufficient_privilege OR undefined_object THEN
		NULL; -- docs/API.md says what an administrator does then
END $$;

CREATE UNIQUE INDEX party_conv ON party (conv, jid);
COMMENT ON INDEX party_conv IS 'Who takes part: asked for tokens that are limited to domains';

-- Each names schemas and operators: they run as the owner, whatever search_path the caller has.
CREATE FUNCTION sees_all() RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE AS $$
	SELECT pg_catalog.current_setting('receiptd.domains', true) OPERATOR(pg_catalog.=) '*'
$$;
COMMENT ON FUNCTION sees_all() IS 'Nothing is kept from this connection';

CREATE FUNCTION sees_domain(domain text) RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE AS $$
	SELECT $1 OPERATOR(pg_catalog.=) ANY (pg_catalog.string_to_array(
		pg_catalog.current_setting('receiptd.domains', true), ' '))
$$;
COMMENT ON FUNCTION sees_domain(text) IS 'It is one of those that this connection is limited to';

CREATE FUNCTION sees_jid(jid int8) RETURNS boolean LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER
COST 500 AS $$
BEGIN
	RETURN EXISTS (SELECT FROM receiptd.jid AS j
	               WHERE j.id OPERATOR(pg_catalog.=) $1 AND receiptd.sees_domain(j.domain));
END $$;
COMMENT ON FUNCTION sees_jid(int8) IS 'An account, occupant or room of a domain that this connection is limited to';

CREATE FUNCTION sees_conv(conv int8) RETURNS boolean LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER
COST 500 AS $$
BEGIN
	RETURN EXISTS (SELECT FROM receiptd.party AS p JOIN receiptd.jid AS j ON j.id OPERATOR(pg_catalog.=) p.jid
	               WHERE p.conv OPERATOR(pg_catalog.=) $1 AND receiptd.sees_domain(j.domain));
END $$;
COMMENT ON FUNCTION sees_conv(int8) IS 'A conversation in which one of its domains takes part';

CREATE FUNCTION sees_partner(jid int8) RETURNS boolean LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER
COST 500 AS $$
BEGIN
	RETURN EXISTS (SELECT FROM receiptd.party AS p
	               JOIN receiptd.party AS o ON o.conv OPERATOR(pg_catalog.=) p.conv
	               JOIN receiptd.jid AS j ON j.id OPERATOR(pg_catalog.=) o.jid
	               WHERE p.jid OPERATOR(pg_catalog.=) $1 AND receiptd.sees_domain(j.domain));
END $$;
COMMENT ON FUNCTION sees_partner(int8) IS 'Somebody who has a conversation with one of its domains';

-- Which rows of which table. sees_all() stands in a query of its own, so that it is asked once a statement and
-- not once a row. What is not here says nothing of an account or a domain: tests/faults/rows.t has the list.
DO $$
DECLARE
	r record;
BEGIN
	FOR r IN SELECT unnest(x.tables) AS name, x.rule
	         FROM (VALUES
	               ('{message,message_other}'::text[], 'sees_jid(from_jid) OR sees_jid(to_jid)'),
	               ('{ack,ack_other,chat_state,chat_state_other,chat_party,typing,archive_seen,party,finding}', 'sees_conv(conv)'),
	               ('{jid}', 'sees_domain(domain) OR sees_partner(id)'),
	               ('{rollup_user}', 'sees_jid(jid)'),
	               -- what software a node#ver is names nobody
	               ('{known}', 'sees_jid(about) OR (kind = 1 OR kind = 2) AND subject LIKE ''%#%'' AND subject NOT LIKE ''%@%'''),
	               ('{rollup,rollup_latency,rollup_failure}', 'sees_domain(from_domain) OR sees_domain(to_domain)'),
	               ('{rollup_device}', 'sees_domain(to_domain)'),
	               -- of the realm as a whole
	               ('{sent_id,chat_ingress,known_keys,dialect_fact,report,report_file,report_delivery,seal,'
	                'seal_leaf,seal_state,seal_gone,seal_lost,jid_salt,erasure,suppressed,erased_conv,erased_part,'
	                'legal_hold}', 'false'))
	              AS x (tables, rule) LOOP
		EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', r.name);
		EXECUTE format('CREATE POLICY own_domains ON %I FOR SELECT USING ((SELECT sees_all()) OR %s)',
		               r.name, r.rule);
		EXECUTE format('COMMENT ON POLICY own_domains ON %I IS %L', r.name,
		               'F191: what the setting receiptd.domains lets through; nothing without it');
	END LOOP;
END $$;

-- Partitions of days can be read through their table alone. Those of the rest, which statements name, have the
-- rules themselves.
INSERT INTO role_grant (role, object, privileges, but)
SELECT 'receiptd_read', unnest('{message_other,ack_other,chat_state_other}'::text[]), '{SELECT}', '{}';
CALL grant_roles();
