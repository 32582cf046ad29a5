-- SPDX-License-Identifier: Apache-2.0
-- Texts that come later than their rows.

CREATE FUNCTION fill_bodies(convs int8[], sents timestamptz[], keys int8[], ns int4[], bodies text[],
	days timestamptz[]) RETURNS int8
LANGUAGE plpgsql SECURITY DEFINER SET search_path = receiptd, pg_catalog, pg_temp AS $$
DECLARE
	filled int8;
BEGIN
	UPDATE message AS m
	SET body = u.body
	FROM unnest($1, $2, $3, $4, $5) AS u (conv, sent_at, key, n, body)
	WHERE m.conv = u.conv AND m.sent_at = u.sent_at AND m.key = u.key AND m.n = u.n
	  AND m.body IS NULL AND m.body_bytes = octet_length(u.body) AND in_days(m.sent_at, $6);
	GET DIAGNOSTICS filled = ROW_COUNT;
	RETURN filled;
END $$;
COMMENT ON FUNCTION fill_bodies(int8[], timestamptz[], int8[], int4[], text[], timestamptz[]) IS
	'Gives messages that were stored without their text the one of a later sighting; replaces none. For whoever '
	'stores and may not see bodies';
REVOKE EXECUTE ON FUNCTION fill_bodies(int8[], timestamptz[], int8[], int4[], text[], timestamptz[]) FROM PUBLIC;

INSERT INTO role_grant (role, object, privileges, but)
VALUES ('receiptd_ingest', 'FUNCTION fill_bodies(int8[], timestamptz[], int8[], int4[], text[], timestamptz[])',
        '{EXECUTE}', '{}');
CALL grant_roles();
