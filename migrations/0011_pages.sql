-- SPDX-License-Identifier: Apache-2.0
-- What few rows of a page need. In functions of their own, because their plans are kept for the
-- connection and cost nothing for all the other rows: a plan over hundreds of days takes longer to make
-- ready than a page takes to read.

CREATE FUNCTION message_devices(convs int8[], sents timestamptz[], keys int8[], ns int4[])
RETURNS TABLE (conv int8, sent_at timestamptz, key int8, n int4, device text[], delivered timestamptz[],
	displayed timestamptz[])
LANGUAGE plpgsql STABLE STRICT SET search_path = receiptd, pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan AS $$
DECLARE
	since timestamptz := (SELECT min(s) FROM unnest($2) AS s) - interval '1 day';
BEGIN
	RETURN QUERY
	WITH e AS MATERIALIZED (
	     SELECT a.conv, a.key, a.n, a.by_jid, a.by_resource, a.kind, a.seen_at
	     FROM ack AS a
	     WHERE a.conv = ANY ($1) AND a.seen_at >= since AND a.class = 0 AND a.kind IN (0, 1, 2, 3, 5, 6))
	SELECT g.conv, g.sent_at, g.key, g.n,
	       array_agg(g.device ORDER BY g.device COLLATE "C"),
	       array_agg(g.delivered ORDER BY g.device COLLATE "C"),
	       array_agg(g.displayed ORDER BY g.device COLLATE "C")
	FROM (SELECT k.conv, k.sent_at, k.key, k.n, j.jid || coalesce('/' || e.by_resource, '') AS device,
	             min(e.seen_at) FILTER (WHERE e.kind IN (0, 1, 5)) AS delivered,
	             min(e.seen_at) FILTER (WHERE e.kind IN (2, 3, 6)) AS displayed
	      FROM unnest($1, $2, $3, $4) AS k (conv, sent_at, key, n)
	      JOIN e ON e.conv = k.conv AND e.key = k.key AND e.n = k.n
	            AND e.seen_at >= k.sent_at - interval '1 day'
	      JOIN jid AS j ON j.id = e.by_jid
	      GROUP BY 1, 2, 3, 4, 5) AS g
	GROUP BY 1, 2, 3, 4;
END $$;
COMMENT ON FUNCTION message_devices(int8[], timestamptz[], int8[], int4[]) IS
	'Devices that acknowledged messages directly, with their first times: of rows whose evidence is in ack. All of '
	'a page in one pass: each day is opened once';

CREATE FUNCTION message_numbers(convs int8[], keys int8[], upto timestamptz)
RETURNS TABLE (conv int8, sent_at timestamptz, key int8, n int4, number int4)
LANGUAGE plpgsql STABLE STRICT SET search_path = receiptd, pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan AS $$
BEGIN
	RETURN QUERY
	SELECT x.conv, x.sent_at, x.key, x.n,
	       (row_number() OVER (PARTITION BY x.conv, x.key ORDER BY x.sent_at, x.n))::int4
	FROM unnest($1, $2) AS k (conv, key)
	JOIN message AS x ON x.conv = k.conv AND x.key = k.key
	WHERE x.class < 8 AND x.sent_at <= $3;
END $$;
COMMENT ON FUNCTION message_numbers(int8[], int8[], timestamptz) IS
	'M4: which of the messages without id between two parties each is, by time; all of them in one pass. '
	'Nothing is looked at when there are none';

CREATE FUNCTION jid_domain(of_jid int8) RETURNS text
LANGUAGE plpgsql STABLE STRICT SET search_path = receiptd, pg_catalog, pg_temp AS $$
BEGIN
	RETURN (SELECT j.domain FROM jid AS j WHERE j.id = $1);
END $$;
COMMENT ON FUNCTION jid_domain(int8) IS
	'Its domain. A query in its place would be made ready once for each day, also when nobody asks for a domain';
