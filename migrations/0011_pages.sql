-- SPDX-License-Identifier: Apache-2.0
-- What few rows of a page need. In functions of their own, because their plans are kept for the
-- connection and cost nothing for all the other rows: a plan over hundreds of days takes longer to make
-- ready than a page takes to read.

CREATE FUNCTION message_devices(conv int8, sent_at timestamptz, key int8, n int4)
RETURNS TABLE (device text[], delivered timestamptz[], displayed timestamptz[])
LANGUAGE plpgsql STABLE SET search_path = receiptd, pg_catalog, pg_temp AS $$
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

CREATE FUNCTION message_number(conv int8, sent_at timestamptz, key int8, n int4) RETURNS int4
LANGUAGE plpgsql STABLE SET search_path = receiptd, pg_catalog, pg_temp AS $$
BEGIN
	RETURN (SELECT count(*) FROM message AS x
	        WHERE x.conv = $1 AND x.key = $3 AND x.class < 8 AND x.sent_at <= $2
	          AND (x.sent_at, x.n) <= ($2, $4));
END $$;
COMMENT ON FUNCTION message_number(int8, timestamptz, int8, int4) IS
	'M4: which of the messages without id between these two a row is, by time';
