-- SPDX-License-Identifier: Apache-2.0
-- Roll-ups by more dimensions (PAIRING F9, P11): devices that acknowledge, conditions of failures. As those
-- of migration 0007: moved by what a transaction changes, said a second time in SQL from the rows alone.
-- What software a device is stands in known, not here: it may be learnt before or after the messages
-- and is joined when somebody asks.

CREATE TABLE rollup_device (
	realm            int4 NOT NULL,
	lane             int2 NOT NULL,
	day              date NOT NULL,
	to_domain        text NOT NULL,
	device           int8 NOT NULL,
	sent             int4 NOT NULL,
	unknown          int4 NOT NULL,
	failed           int4 NOT NULL,
	requested        int4 NOT NULL,
	confirmed        int4 NOT NULL,
	requested_failed int4 NOT NULL,
	read_requested   int4 NOT NULL,
	read             int4 NOT NULL,
	bins             int2[] NOT NULL,
	counts           int4[] NOT NULL
) WITH (fillfactor = 80);
CREATE UNIQUE INDEX rollup_device_key ON rollup_device (realm, day, to_domain, device, lane);
COMMENT ON TABLE rollup_device IS
	'What came of the messages to each device in a day, counted classes only; every message is counted '
	'for one device or for none';
COMMENT ON INDEX rollup_device_key IS 'Identity';
COMMENT ON COLUMN rollup_device.realm IS 'realm.id';
COMMENT ON COLUMN rollup_device.lane IS 'As rollup.lane';
COMMENT ON COLUMN rollup_device.day IS 'UTC day of sending';
COMMENT ON COLUMN rollup_device.to_domain IS 'Domain of the recipient';
COMMENT ON COLUMN rollup_device.device IS 'message.device; 0: none';
COMMENT ON COLUMN rollup_device.sent IS 'As rollup.sent';
COMMENT ON COLUMN rollup_device.unknown IS 'As rollup.unknown';
COMMENT ON COLUMN rollup_device.failed IS 'As rollup.failed';
COMMENT ON COLUMN rollup_device.requested IS 'As rollup.requested';
COMMENT ON COLUMN rollup_device.confirmed IS 'As rollup.confirmed';
COMMENT ON COLUMN rollup_device.requested_failed IS 'As rollup.requested_failed';
COMMENT ON COLUMN rollup_device.read_requested IS 'As rollup.read_requested';
COMMENT ON COLUMN rollup_device.read IS 'As rollup.read';
COMMENT ON COLUMN rollup_device.bins IS 'Times to deliver, metric 1 of rollup_latency: as rollup_latency.bins';
COMMENT ON COLUMN rollup_device.counts IS 'Messages in each of bins';

CREATE TABLE rollup_failure (
	realm       int4 NOT NULL,
	lane        int2 NOT NULL,
	day         date NOT NULL,
	from_domain text NOT NULL,
	to_domain   text NOT NULL,
	condition   text NOT NULL,
	failed      int4 NOT NULL,
	requested   int4 NOT NULL
) WITH (fillfactor = 80);
CREATE UNIQUE INDEX rollup_failure_key
	ON rollup_failure (realm, day, from_domain, to_domain, condition, lane);
COMMENT ON TABLE rollup_failure IS
	'Messages that failed in a day by the condition of their error, counted classes only';
COMMENT ON INDEX rollup_failure_key IS 'Identity';
COMMENT ON COLUMN rollup_failure.realm IS 'realm.id';
COMMENT ON COLUMN rollup_failure.lane IS 'As rollup.lane';
COMMENT ON COLUMN rollup_failure.day IS 'UTC day of sending';
COMMENT ON COLUMN rollup_failure.from_domain IS 'Domain of the sender';
COMMENT ON COLUMN rollup_failure.to_domain IS 'Domain of the recipient';
COMMENT ON COLUMN rollup_failure.condition IS 'failure_condition(message.error)';
COMMENT ON COLUMN rollup_failure.failed IS 'Messages that failed';
COMMENT ON COLUMN rollup_failure.requested IS 'Of failed: asked for a receipt (F2)';

CREATE FUNCTION failure_condition(error text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
	SELECT CASE WHEN error IN ('amp', 'bad-request', 'conflict', 'feature-not-implemented',
	            'forbidden', 'gone', 'internal-server-error', 'item-not-found', 'jid-malformed',
	            'not-acceptable', 'not-allowed', 'not-authorized', 'payment-required',
	            'policy-violation', 'recipient-unavailable', 'redirect', 'registration-required',
	            'remote-server-not-found', 'remote-server-timeout', 'resource-constraint',
	            'service-unavailable', 'subscription-required', 'undefined-condition',
	            'unexpected-request') THEN error ELSE 'other' END
$$;
COMMENT ON FUNCTION failure_condition(text) IS
	'A condition of XMPP (RFC 6120 8.3.3 and RFC 3920), or "amp" (K17), as it is; whatever else an error names is "other"';

CREATE FUNCTION devices_of_rows(of_realm int4, since timestamptz, until timestamptz)
RETURNS TABLE (day date, to_domain text, device int8, sent int8, unknown int8, failed int8,
	requested int8, confirmed int8, requested_failed int8, read_requested int8, read int8)
LANGUAGE sql STABLE AS $$
	SELECT (f.day AT TIME ZONE 'UTC')::date, f.to_domain, f.device,
	       count(*),
	       count(*) FILTER (WHERE f.unknown),
	       count(*) FILTER (WHERE f.failed),
	       count(*) FILTER (WHERE f.requested),
	       count(*) FILTER (WHERE f.requested AND f.confirmed),
	       count(*) FILTER (WHERE f.requested AND f.failed),
	       count(*) FILTER (WHERE f.read_requested),
	       count(*) FILTER (WHERE f.read_requested AND f.displayed)
	FROM rollup_facts(of_realm, since, until) AS f
	WHERE f.counted
	GROUP BY f.day, f.to_domain, f.device
$$;
COMMENT ON FUNCTION devices_of_rows(int4, timestamptz, timestamptz) IS
	'What rollup_device must hold for the rows sent in since..until, but for its histograms';

CREATE FUNCTION device_bins_of_rows(of_realm int4, since timestamptz, until timestamptz)
RETURNS TABLE (day date, to_domain text, device int8, bin int2, n int8)
LANGUAGE sql STABLE AS $$
	SELECT (f.day AT TIME ZONE 'UTC')::date, f.to_domain, f.device, latency_bin(f.deliver_ms),
	       count(*)
	FROM rollup_facts(of_realm, since, until) AS f
	WHERE f.requested AND f.direct AND NOT f.stored AND f.deliver_ms IS NOT NULL
	GROUP BY f.day, f.to_domain, f.device, latency_bin(f.deliver_ms)
$$;
COMMENT ON FUNCTION device_bins_of_rows(int4, timestamptz, timestamptz) IS
	'What the histograms of rollup_device must hold for the rows sent in since..until, bin by bin';

CREATE FUNCTION failures_of_rows(of_realm int4, since timestamptz, until timestamptz)
RETURNS TABLE (day date, from_domain text, to_domain text, condition text, failed int8,
	requested int8)
LANGUAGE sql STABLE AS $$
	SELECT (f.day AT TIME ZONE 'UTC')::date, f.from_domain, f.to_domain,
	       failure_condition(f.condition), count(*), count(*) FILTER (WHERE f.requested)
	FROM rollup_facts(of_realm, since, until) AS f
	WHERE f.counted AND f.failed
	GROUP BY f.day, f.from_domain, f.to_domain, failure_condition(f.condition)
$$;
COMMENT ON FUNCTION failures_of_rows(int4, timestamptz, timestamptz) IS
	'What rollup_failure must hold for the rows sent in since..until';

-- reading ---------------------------------------------------------------------------------------------

CREATE FUNCTION peers_of(from_domain text, to_domain text, direction text, local text[], own text)
RETURNS TABLE (peer text) LANGUAGE sql IMMUTABLE AS $$
	SELECT v.peer
	FROM (SELECT CASE $3 WHEN 'to' THEN $2 ELSE $1 END AS peer,
	             CASE $3 WHEN 'to' THEN $1 ELSE $2 END AS own) AS v
	WHERE v.peer <> ''
	  AND (cardinality($4) = 0 OR (v.own = ANY ($4) AND v.peer <> ALL ($4)))
	  AND ($5 IS NULL OR v.own = $5)
$$;
COMMENT ON FUNCTION peers_of(text, text, text, text[], text) IS
	'As which peer of our own domains (none: of any) a pair of domains counts in a direction, if any';

CREATE AGGREGATE join_arrays (int2[]) (SFUNC = array_cat, STYPE = int2[], INITCOND = '{}');
COMMENT ON AGGREGATE join_arrays (int2[]) IS 'Arrays one behind the other, in any order';
CREATE AGGREGATE join_arrays (int4[]) (SFUNC = array_cat, STYPE = int4[], INITCOND = '{}');
COMMENT ON AGGREGATE join_arrays (int4[]) IS 'As of int2[]; two of one statement have the same order';

CREATE FUNCTION stands_until(first_at timestamptz, last_at timestamptz, until timestamptz)
RETURNS timestamptz LANGUAGE sql IMMUTABLE AS $$
	SELECT CASE WHEN first_at < until THEN least(last_at, until) END
$$;
COMMENT ON FUNCTION stands_until(timestamptz, timestamptz, timestamptz) IS
	'Which of several facts tells how it was before then: the one with the latest; null: it was seen later only';
