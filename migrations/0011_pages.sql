-- SPDX-License-Identifier: Apache-2.0
-- What few rows of a page need. In functions of their own, because their plans are kept for the
-- connection and cost nothing for all the other rows: a plan over hundreds of days takes longer to make
-- ready than a page takes to read.

CREATE FUNCTION message_devices(conv int8, sent_at timestamptz, key int8, n int4)
RETURNS TABLE (device text[], delivered timestamptz[], displayed timestamptz[])
LANGUAGE plpgsql STABLE SET search_path = receiptd, pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan AS $$
BEGIN
	RETURN QUERY
	SELECT array_agg(g.device ORDER BY g.device COLLATE "C"),
	       array_agg(g.delivered ORDER BY g.device COLLATE "C"),
	       array_agg(g.displayed ORDER BY g.device COLLATE "C")
	FROM (SELECT j.jid || coalesce('/' || a.by_resource, '') AS device,
	             min(a.seen_at) FILTER (WHERE a.kind IN (0, 1, 5)) AS delivered,
	             min(a.seen_at) FILTER (WHERE a.kind IN (2, 3, 6)) AS displayed
	      FROM ack AS a
	      JOIN jid AS j ON j.id = a.by_jid
	      WHERE a.conv = $1 AND a.key = $3 AND a.n = $4 AND a.class = 0
	        AND a.kind IN (0, 1, 2, 3, 5, 6) AND a.seen_at >= $2 - interval '1 day'
	      GROUP BY 1) AS g;
END $$;
COMMENT ON FUNCTION message_devices(int8, timestamptz, int8, int4) IS
	'Devices that acknowledged a message directly, with their first times: of rows whose evidence is in ack';

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
