-- SPDX-License-Identifier: Apache-2.0
-- Roll-ups: what the rows of message come to, by the time they were sent. The writer moves them by
-- contribution(new) - contribution(old) in the transaction that changes the rows; the functions
-- below say the same a second time, in SQL and from the rows alone: "receiptd check" compares the
-- two, a restatement takes theirs. Nothing here depends on when it is asked: what is pending or
-- expired is requested - confirmed - requested_failed, split by the reader.
--
-- No message content and no conversation is in here: these are sums over all conversations, small
-- enough to be on every node.

-- sums --------------------------------------------------------------------------------------------

CREATE TABLE rollup (
	realm            int4 NOT NULL,
	lane             int2 NOT NULL,
	grain            int2 NOT NULL,
	bucket           timestamptz NOT NULL,
	from_domain      text NOT NULL,
	to_domain        text NOT NULL,
	kind             int2 NOT NULL,
	rows             int8 NOT NULL,
	sent             int8 NOT NULL,
	unknown          int8 NOT NULL,
	failed           int8 NOT NULL,
	requested        int8 NOT NULL,
	confirmed        int8 NOT NULL,
	requested_failed int8 NOT NULL,
	read_requested   int8 NOT NULL,
	read             int8 NOT NULL,
	read_inferred    int8 NOT NULL,
	resends          int8 NOT NULL,
	skew_clamped     int8 NOT NULL,
	stored           int8 NOT NULL,
	acks             int8 NOT NULL,
	acks_group       int8 NOT NULL,
	acks_dup         int8 NOT NULL,
	errors           int8 NOT NULL,
	confirmed_10s    int8 NOT NULL,
	confirmed_1m     int8 NOT NULL,
	confirmed_1h     int8 NOT NULL,
	confirmed_24h    int8 NOT NULL,
	confirmed_7d     int8 NOT NULL,
	read_10s         int8 NOT NULL,
	read_1m          int8 NOT NULL,
	read_1h          int8 NOT NULL,
	read_24h         int8 NOT NULL,
	read_7d          int8 NOT NULL,
	accepted         int8 NOT NULL,
	routed           int8 NOT NULL,
	delivered        int8 NOT NULL,
	displayed        int8 NOT NULL,
	retracted        int8 NOT NULL,
	read_upto        int8 NOT NULL
) WITH (fillfactor = 70);
CREATE UNIQUE INDEX rollup_key
	ON rollup (realm, grain, bucket, from_domain, to_domain, kind, lane);
COMMENT ON TABLE rollup IS
	'Sums over messages by time of sending. Sums of several lanes add up; a row of one lane alone '
	'may be all zero or below zero';
COMMENT ON INDEX rollup_key IS 'Identity; a grain in order of time';
COMMENT ON COLUMN rollup.realm IS 'realm.id';
COMMENT ON COLUMN rollup.lane IS
	'lane.id of the writer: lanes never wait for each other''s rows';
COMMENT ON COLUMN rollup.grain IS
	'1 quarter of an hour; 2 UTC day; 3 UTC day, by domains; 4 UTC day, by kind';
COMMENT ON COLUMN rollup.bucket IS 'Start of the quarter of an hour or of the day';
COMMENT ON COLUMN rollup.from_domain IS 'Grain 3: domain of the sender; else empty';
COMMENT ON COLUMN rollup.to_domain IS 'Grain 3: domain of the recipient; else empty';
COMMENT ON COLUMN rollup.kind IS
	'Grain 4: message.type + 8 * message.class, + 64 when it waited in offline storage, + 128 when '
	'encrypted; else 0';
COMMENT ON COLUMN rollup.rows IS 'All rows, of every class';
COMMENT ON COLUMN rollup.sent IS 'Rows of counted classes (chat, pm, correction)';
COMMENT ON COLUMN rollup.unknown IS 'Counted rows that asked for nothing and got nothing (S4)';
COMMENT ON COLUMN rollup.failed IS 'Counted rows that failed';
COMMENT ON COLUMN rollup.requested IS 'Counted rows with id that asked for a receipt (F2)';
COMMENT ON COLUMN rollup.confirmed IS 'Of requested: delivered or displayed';
COMMENT ON COLUMN rollup.requested_failed IS 'Of requested: failed; what is neither is pending or expired';
COMMENT ON COLUMN rollup.read_requested IS 'Counted rows that asked for a sign of reading (F3)';
COMMENT ON COLUMN rollup.read IS 'Of read_requested: displayed';
COMMENT ON COLUMN rollup.read_inferred IS 'Of read_requested: not displayed, but reading is inferred (F4)';
COMMENT ON COLUMN rollup.resends IS 'Sum of resends of counted rows (M9)';
COMMENT ON COLUMN rollup.skew_clamped IS 'Counted rows whose evidence is older than they are (T5)';
COMMENT ON COLUMN rollup.stored IS 'Counted rows that waited in offline storage (T4)';
COMMENT ON COLUMN rollup.acks IS 'Paired acks, duplicates too, not of rooms (P4)';
COMMENT ON COLUMN rollup.acks_group IS 'Acks paired with room messages (P12)';
COMMENT ON COLUMN rollup.acks_dup IS 'Acks beyond the first of one device and kind (P4)';
COMMENT ON COLUMN rollup.errors IS 'Rows that got an error (P11)';
COMMENT ON COLUMN rollup.confirmed_10s IS 'Of confirmed: within 10 seconds of sending';
COMMENT ON COLUMN rollup.confirmed_1m IS 'Of confirmed: within 1 minute of sending';
COMMENT ON COLUMN rollup.confirmed_1h IS 'Of confirmed: within 1 hour of sending';
COMMENT ON COLUMN rollup.confirmed_24h IS 'Of confirmed: within 24 hours of sending';
COMMENT ON COLUMN rollup.confirmed_7d IS 'Of confirmed: within 7 days of sending';
COMMENT ON COLUMN rollup.read_10s IS 'Of read: within 10 seconds of sending';
COMMENT ON COLUMN rollup.read_1m IS 'Of read: within 1 minute of sending';
COMMENT ON COLUMN rollup.read_1h IS 'Of read: within 1 hour of sending';
COMMENT ON COLUMN rollup.read_24h IS 'Of read: within 24 hours of sending';
COMMENT ON COLUMN rollup.read_7d IS 'Of read: within 7 days of sending';
COMMENT ON COLUMN rollup.accepted IS
	'Counted rows that the server took: seen on their way, stored, routed or delivered';
COMMENT ON COLUMN rollup.routed IS
	'Counted rows that went to a device: seen on their way there, or delivered';
COMMENT ON COLUMN rollup.delivered IS 'Counted rows delivered or displayed, asked for or not';
COMMENT ON COLUMN rollup.displayed IS 'Counted rows displayed, asked for or not';
COMMENT ON COLUMN rollup.retracted IS 'Counted rows that their sender took back';
COMMENT ON COLUMN rollup.read_upto IS
	'Of read: displayed only by a marker on a later message (P8)';

-- latencies ---------------------------------------------------------------------------------------

CREATE TABLE rollup_latency (
	realm       int4 NOT NULL,
	lane        int2 NOT NULL,
	grain       int2 NOT NULL,
	bucket      timestamptz NOT NULL,
	from_domain text NOT NULL,
	to_domain   text NOT NULL,
	metric      int2 NOT NULL,
	bins        int2[] NOT NULL,
	counts      int8[] NOT NULL
) WITH (fillfactor = 70);
CREATE UNIQUE INDEX rollup_latency_key
	ON rollup_latency (realm, grain, bucket, from_domain, to_domain, metric, lane);
COMMENT ON TABLE rollup_latency IS
	'Histograms of latencies in whole milliseconds, one row per metric: below 32 ms every one has '
	'a bin, above there are 16 to an octave';
COMMENT ON INDEX rollup_latency_key IS 'Identity; a grain in order of time';
COMMENT ON COLUMN rollup_latency.realm IS 'realm.id';
COMMENT ON COLUMN rollup_latency.lane IS 'As rollup.lane';
COMMENT ON COLUMN rollup_latency.grain IS 'As rollup.grain, 1 to 3';
COMMENT ON COLUMN rollup_latency.bucket IS 'As rollup.bucket';
COMMENT ON COLUMN rollup_latency.from_domain IS 'As rollup.from_domain';
COMMENT ON COLUMN rollup_latency.to_domain IS 'As rollup.to_domain';
COMMENT ON COLUMN rollup_latency.metric IS
	'1 time to deliver, 2 the same of messages that waited in offline storage, 3 time to read, 4 '
	'time to respond, 5 time to confirm where no direct evidence tells when it was delivered, 6 of 3: '
	'displayed only by a marker on a later message';
COMMENT ON COLUMN rollup_latency.bins IS 'Bins that are not empty, ascending: see latency_bin';
COMMENT ON COLUMN rollup_latency.counts IS 'Messages in each of bins';

-- users -------------------------------------------------------------------------------------------

CREATE TABLE rollup_user (
	realm          int4 NOT NULL,
	lane           int2 NOT NULL,
	day            date NOT NULL,
	jid            int8 NOT NULL,
	sent           int4 NOT NULL,
	requested      int4 NOT NULL,
	confirmed      int4 NOT NULL,
	failed         int4 NOT NULL,
	read_requested int4 NOT NULL,
	read           int4 NOT NULL,
	received       int4 NOT NULL
) WITH (fillfactor = 90);
CREATE UNIQUE INDEX rollup_user_key ON rollup_user (realm, day, jid, lane);
COMMENT ON TABLE rollup_user IS 'What each user sent and got in a day, counted classes only';
COMMENT ON INDEX rollup_user_key IS 'Identity';
COMMENT ON COLUMN rollup_user.realm IS 'realm.id';
COMMENT ON COLUMN rollup_user.lane IS 'As rollup.lane';
COMMENT ON COLUMN rollup_user.day IS 'UTC day of sending';
COMMENT ON COLUMN rollup_user.jid IS 'jid.id of the user';
COMMENT ON COLUMN rollup_user.sent IS 'Messages that this user sent';
COMMENT ON COLUMN rollup_user.requested IS 'Of those: asked for a receipt (F2)';
COMMENT ON COLUMN rollup_user.confirmed IS 'Of requested: delivered or displayed';
COMMENT ON COLUMN rollup_user.failed IS 'Of sent: failed';
COMMENT ON COLUMN rollup_user.read_requested IS 'Of sent: asked for a sign of reading (F3)';
COMMENT ON COLUMN rollup_user.read IS 'Of read_requested: displayed';
COMMENT ON COLUMN rollup_user.received IS 'Messages sent to this user';

-- the same from the rows --------------------------------------------------------------------------

-- One expression each, so that the planner puts them in place of a call for every row.
CREATE FUNCTION latency_octave(ms int8) RETURNS int4 LANGUAGE sql IMMUTABLE AS $$
	SELECT width_bucket(ms, '{32,64,128,256,512,1024,2048,4096,8192,16384,32768,65536,131072,
262144,524288,1048576,2097152,4194304,8388608,16777216,33554432,67108864,134217728,268435456,
536870912,1073741824,2147483648,4294967296,8589934592,17179869184,34359738368,68719476736,
137438953472,274877906944,549755813888,1099511627776,2199023255552,4398046511104,8796093022208,
17592186044416,35184372088832,70368744177664,140737488355328,281474976710656,562949953421312,
1125899906842624,2251799813685248,4503599627370496,9007199254740992,18014398509481984,
36028797018963968,72057594037927936,144115188075855872,288230376151711744,576460752303423488,
1152921504606846976,2305843009213693952,4611686018427387904}'::int8[])
$$;
COMMENT ON FUNCTION latency_octave(int8) IS
	'How many bits a latency is longer than five: its bins are as wide as so many bits hold';

CREATE FUNCTION latency_bin(ms int8) RETURNS int2 LANGUAGE sql IMMUTABLE AS $$
	SELECT (latency_octave(ms) * 16 + (ms >> latency_octave(ms)))::int2
$$;
COMMENT ON FUNCTION latency_bin(int8) IS
	'Bin of a latency that is not negative: 16 to an octave, each of the same width within it';

CREATE FUNCTION latency_ms(bin int4) RETURNS int8 LANGUAGE sql IMMUTABLE AS $$
	SELECT CASE WHEN bin < 32 THEN bin
	       ELSE ((bin % 16 + 16)::int8 << (bin / 16 - 1)) + ((1::int8 << (bin / 16 - 1)) - 1) / 2 END
$$;
COMMENT ON FUNCTION latency_ms(int4) IS 'Middle of a bin: at most 3.2 % from what was counted there';

-- A float holds microseconds of ten years exactly, and is four times as fast as numeric.
CREATE FUNCTION elapsed_ms(since timestamptz, until timestamptz) RETURNS int8
LANGUAGE sql IMMUTABLE AS $$
	SELECT CASE WHEN until <= since THEN 0
	       WHEN until - since < interval '3650 days'
	       THEN (date_part('epoch', until - since) * 1000000)::int8 / 1000
	       WHEN until > since THEN (extract(epoch FROM until - since) * 1000000)::int8 / 1000 END
$$;
COMMENT ON FUNCTION elapsed_ms(timestamptz, timestamptz) IS
	'Whole milliseconds, rounded down, never negative (F7)';

CREATE FUNCTION took_ms(sent_at timestamptz, delivered_at timestamptz, displayed_at timestamptz,
	state int2, marks int4)
RETURNS int8 LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT CASE WHEN marks & 2 <> 0 AND delivered_at IS NOT NULL THEN elapsed_ms(sent_at, delivered_at)
	            WHEN state >= 5 THEN elapsed_ms(sent_at, least(delivered_at, displayed_at)) END
$$;
COMMENT ON FUNCTION took_ms(timestamptz, timestamptz, timestamptz, int2, int4) IS
	'How long a confirmed message took: until it was delivered by direct evidence, else until anything confirmed it';

CREATE FUNCTION dropped_days() RETURNS SETOF date LANGUAGE plpgsql STABLE AS $$
BEGIN
	IF to_regclass('dropped_day') IS NOT NULL THEN
		RETURN QUERY EXECUTE 'SELECT day FROM dropped_day';
	END IF;
END $$;
COMMENT ON FUNCTION dropped_days() IS
	'UTC days whose rows were given up while their roll-ups stay: these cannot be recomputed';

CREATE FUNCTION rollup_facts(of_realm int4, since timestamptz, until timestamptz)
RETURNS TABLE (quarter timestamptz, day timestamptz, from_jid int8, to_jid int8,
	from_domain text, to_domain text, kind int2, class int2, counted boolean,
	unknown boolean, failed boolean, confirmed boolean, requested boolean,
	read_requested boolean, displayed boolean, inferred boolean, skew boolean, stored boolean,
	error boolean, counts_acks boolean, direct boolean, resends int4, acks int4, acks_dup int4,
	confirmed_after interval, displayed_after interval, deliver_ms int8, read_ms int8,
	response_ms int8, sent_at timestamptz, confirm_ms int8, accepted boolean, routed boolean,
	retracted boolean, upto boolean, device int8, condition text)
LANGUAGE sql STABLE AS $$
	SELECT date_bin(interval '15 minutes', m.sent_at, '2000-01-01 00:00:00+00'),
	       date_bin(interval '1 day', m.sent_at, '2000-01-01 00:00:00+00'),
	       m.from_jid, m.to_jid, coalesce(f.domain, ''), coalesce(t.domain, ''),
	       (m.type + 8 * m.class + CASE WHEN m.stored_at IS NULL THEN 0 ELSE 64 END
	        + (m.flags & 128))::int2,
	       m.class, m.class <= 2,
	       m.class <= 2 AND m.state < 4 AND (m.id IS NULL OR m.flags & 3145743 = 0),
	       m.state = 4, m.state >= 5,
	       m.class <= 2 AND m.id IS NOT NULL AND m.flags & 1048581 <> 0,
	       m.class < 2 AND m.id IS NOT NULL AND m.flags & 2097162 <> 0 AND m.state <> 4
	       AND (m.retracted_at IS NULL OR coalesce(m.displayed_at <= m.retracted_at, false)),
	       m.displayed_at IS NOT NULL, m.read_inferred_at IS NOT NULL, m.marks & 1 <> 0,
	       m.stored_at IS NOT NULL, m.marks & 8 <> 0, m.marks & 16 <> 0, m.marks & 2 <> 0,
	       m.resends, m.acks, m.acks_dup,
	       CASE WHEN m.marks & 128 = 0 THEN least(m.delivered_at, m.displayed_at) - m.sent_at END,
	       CASE WHEN m.marks & 256 = 0 THEN m.displayed_at - m.sent_at END,
	       CASE WHEN m.marks & 128 = 0 THEN elapsed_ms(m.sent_at, m.delivered_at) END,
	       CASE WHEN m.marks & 256 = 0 THEN elapsed_ms(m.sent_at, m.displayed_at) END,
	       m.response_ms, m.sent_at,
	       CASE WHEN m.marks & 128 = 0
	       THEN elapsed_ms(m.sent_at, least(m.delivered_at, m.displayed_at)) END,
	       m.accepted_at IS NOT NULL OR m.stored_at IS NOT NULL OR m.routed_at IS NOT NULL
	       OR m.state >= 5,
	       m.routed_at IS NOT NULL OR m.state >= 5, m.retracted_at IS NOT NULL,
	       m.displayed_via = 4, m.device, m.error
	FROM message AS m
	LEFT JOIN jid AS f ON f.id = m.from_jid
	LEFT JOIN jid AS t ON t.id = m.to_jid
	WHERE (of_realm = 0 OR m.realm = of_realm) AND m.sent_at >= since AND m.sent_at < until AND m.class < 8
$$;
COMMENT ON FUNCTION rollup_facts(int4, timestamptz, timestamptz) IS
	'What each row counts as, by the terms of PAIRING section 7; realm 0 = all';

CREATE FUNCTION rollup_of_rows(of_realm int4, since timestamptz, until timestamptz, grains int2[])
RETURNS TABLE (grain int2, bucket timestamptz, from_domain text, to_domain text, kind int2,
	rows int8, sent int8, unknown int8, failed int8, requested int8, confirmed int8,
	requested_failed int8, read_requested int8, read int8, read_inferred int8, resends int8,
	skew_clamped int8, stored int8, acks int8, acks_group int8, acks_dup int8, errors int8,
	confirmed_10s int8, confirmed_1m int8, confirmed_1h int8, confirmed_24h int8, confirmed_7d int8,
	read_10s int8, read_1m int8, read_1h int8, read_24h int8, read_7d int8,
	accepted int8, routed int8, delivered int8, displayed int8, retracted int8, read_upto int8)
LANGUAGE sql STABLE AS $$
	WITH q AS (
	     SELECT f.quarter, f.day, f.from_domain, f.to_domain, f.kind,
	            count(*) AS rows,
	            count(*) FILTER (WHERE f.counted) AS sent,
	            count(*) FILTER (WHERE f.unknown) AS unknown,
	            count(*) FILTER (WHERE f.counted AND f.failed) AS failed,
	            count(*) FILTER (WHERE f.requested) AS requested,
	            count(*) FILTER (WHERE f.requested AND f.confirmed) AS confirmed,
	            count(*) FILTER (WHERE f.requested AND f.failed) AS requested_failed,
	            count(*) FILTER (WHERE f.read_requested) AS read_requested,
	            count(*) FILTER (WHERE f.read_requested AND f.displayed) AS read,
	            count(*) FILTER (WHERE f.read_requested AND NOT f.displayed AND f.inferred) AS read_inferred,
	            coalesce(sum(f.resends) FILTER (WHERE f.counted), 0)::int8 AS resends,
	            count(*) FILTER (WHERE f.counted AND f.skew) AS skew_clamped,
	            count(*) FILTER (WHERE f.counted AND f.stored) AS stored,
	            coalesce(sum(f.acks) FILTER (WHERE f.class <> 5 AND f.counts_acks), 0)::int8 AS acks,
	            coalesce(sum(f.acks) FILTER (WHERE f.class = 5), 0)::int8 AS acks_group,
	            coalesce(sum(f.acks_dup) FILTER (WHERE f.counts_acks OR f.class = 5), 0)::int8 AS acks_dup,
	            count(*) FILTER (WHERE f.error) AS errors,
	            count(*) FILTER (WHERE f.requested AND f.confirmed AND f.confirmed_after <= interval '10 seconds') AS confirmed_10s,
	            count(*) FILTER (WHERE f.requested AND f.confirmed AND f.confirmed_after <= interval '1 minute') AS confirmed_1m,
	            count(*) FILTER (WHERE f.requested AND f.confirmed AND f.confirmed_after <= interval '1 hour') AS confirmed_1h,
	            count(*) FILTER (WHERE f.requested AND f.confirmed AND f.confirmed_after <= interval '24 hours') AS confirmed_24h,
	            count(*) FILTER (WHERE f.requested AND f.confirmed AND f.confirmed_after <= interval '7 days') AS confirmed_7d,
	            count(*) FILTER (WHERE f.read_requested AND f.displayed_after <= interval '10 seconds') AS read_10s,
	            count(*) FILTER (WHERE f.read_requested AND f.displayed_after <= interval '1 minute') AS read_1m,
	            count(*) FILTER (WHERE f.read_requested AND f.displayed_after <= interval '1 hour') AS read_1h,
	            count(*) FILTER (WHERE f.read_requested AND f.displayed_after <= interval '24 hours') AS read_24h,
	            count(*) FILTER (WHERE f.read_requested AND f.displayed_after <= interval '7 days') AS read_7d,
	            count(*) FILTER (WHERE f.counted AND f.accepted) AS accepted,
	            count(*) FILTER (WHERE f.counted AND f.routed) AS routed,
	            count(*) FILTER (WHERE f.counted AND f.confirmed) AS delivered,
	            count(*) FILTER (WHERE f.counted AND f.displayed) AS displayed,
	            count(*) FILTER (WHERE f.counted AND f.retracted) AS retracted,
	            count(*) FILTER (WHERE f.read_requested AND f.displayed AND f.upto) AS read_upto
	     FROM rollup_facts(of_realm, since, until) AS f
	     GROUP BY f.quarter, f.day, f.from_domain, f.to_domain, f.kind)
	SELECT g.grain, CASE g.grain WHEN 1 THEN q.quarter ELSE q.day END,
	       CASE g.grain WHEN 3 THEN q.from_domain ELSE '' END,
	       CASE g.grain WHEN 3 THEN q.to_domain ELSE '' END,
	       CASE g.grain WHEN 4 THEN q.kind ELSE 0 END,
	       sum(q.rows)::int8, sum(q.sent)::int8, sum(q.unknown)::int8, sum(q.failed)::int8,
	       sum(q.requested)::int8, sum(q.confirmed)::int8, sum(q.requested_failed)::int8,
	       sum(q.read_requested)::int8, sum(q.read)::int8, sum(q.read_inferred)::int8,
	       sum(q.resends)::int8, sum(q.skew_clamped)::int8, sum(q.stored)::int8,
	       sum(q.acks)::int8, sum(q.acks_group)::int8, sum(q.acks_dup)::int8,
	       sum(q.errors)::int8, sum(q.confirmed_10s)::int8, sum(q.confirmed_1m)::int8,
	       sum(q.confirmed_1h)::int8, sum(q.confirmed_24h)::int8, sum(q.confirmed_7d)::int8,
	       sum(q.read_10s)::int8, sum(q.read_1m)::int8, sum(q.read_1h)::int8,
	       sum(q.read_24h)::int8, sum(q.read_7d)::int8, sum(q.accepted)::int8, sum(q.routed)::int8,
	       sum(q.delivered)::int8, sum(q.displayed)::int8, sum(q.retracted)::int8,
	       sum(q.read_upto)::int8
	FROM q
	CROSS JOIN (SELECT unnest(grains) AS grain) AS g
	GROUP BY 1, 2, 3, 4, 5
$$;
COMMENT ON FUNCTION rollup_of_rows(int4, timestamptz, timestamptz, int2[]) IS
	'What rollup must hold for the rows sent in since..until, at these grains';

-- OFFSET 0: what is computed of a row is computed once.
CREATE FUNCTION latency_facts(of_realm int4, since timestamptz, until timestamptz)
RETURNS TABLE (quarter timestamptz, day timestamptz, from_domain text, to_domain text, metric int2,
	bin int2)
LANGUAGE sql STABLE AS $$
	WITH f AS (
	     SELECT f.quarter, f.day, f.from_domain, f.to_domain,
	            ARRAY[CASE WHEN f.requested AND f.direct AND NOT f.stored THEN f.deliver_ms END,
	                  CASE WHEN f.requested AND f.direct AND f.stored THEN f.deliver_ms END,
	                  CASE WHEN f.read_requested AND f.displayed THEN f.read_ms END,
	                  CASE WHEN f.counted AND f.response_ms >= 0 THEN f.response_ms END,
	                  CASE WHEN f.requested AND f.confirmed
	                            AND (NOT f.direct OR f.deliver_ms IS NULL) THEN f.confirm_ms END,
	                  CASE WHEN f.read_requested AND f.displayed AND f.upto THEN f.read_ms END] AS ms
	     FROM rollup_facts(of_realm, since, until) AS f
	     OFFSET 0),
	v AS (
	     SELECT f.quarter, f.day, f.from_domain, f.to_domain, k.metric, f.ms[k.metric] AS ms
	     FROM f
	     CROSS JOIN (SELECT generate_series(1, 6)::int2 AS metric) AS k
	     OFFSET 0)
	SELECT v.quarter, v.day, v.from_domain, v.to_domain, v.metric, latency_bin(v.ms)
	FROM v
	WHERE v.ms IS NOT NULL
$$;
COMMENT ON FUNCTION latency_facts(int4, timestamptz, timestamptz) IS
	'In which bin of which histogram each latency of each row is';

CREATE FUNCTION latency_of_rows(of_realm int4, since timestamptz, until timestamptz, grains int2[])
RETURNS TABLE (grain int2, bucket timestamptz, from_domain text, to_domain text, metric int2,
	bin int2, n int8)
LANGUAGE sql STABLE AS $$
	WITH b AS (
	     SELECT f.quarter, f.day, f.from_domain, f.to_domain, f.metric, f.bin, count(*) AS n
	     FROM latency_facts(of_realm, since, until) AS f
	     GROUP BY 1, 2, 3, 4, 5, 6)
	SELECT g.grain, CASE g.grain WHEN 1 THEN b.quarter ELSE b.day END,
	       CASE g.grain WHEN 3 THEN b.from_domain ELSE '' END,
	       CASE g.grain WHEN 3 THEN b.to_domain ELSE '' END, b.metric, b.bin, sum(b.n)::int8
	FROM b
	CROSS JOIN (SELECT unnest(grains) AS grain) AS g
	GROUP BY 1, 2, 3, 4, 5, 6
$$;
COMMENT ON FUNCTION latency_of_rows(int4, timestamptz, timestamptz, int2[]) IS
	'What rollup_latency must hold for the rows sent in since..until, bin by bin';

CREATE FUNCTION users_of_rows(of_realm int4, since timestamptz, until timestamptz)
RETURNS TABLE (day date, jid int8, sent int8, requested int8, confirmed int8, failed int8,
	read_requested int8, read int8, received int8)
LANGUAGE sql STABLE AS $$
	SELECT (f.day AT TIME ZONE 'UTC')::date, CASE WHEN u.sends THEN f.from_jid ELSE f.to_jid END,
	       count(*) FILTER (WHERE u.sends),
	       count(*) FILTER (WHERE u.sends AND f.requested),
	       count(*) FILTER (WHERE u.sends AND f.requested AND f.confirmed),
	       count(*) FILTER (WHERE u.sends AND f.failed),
	       count(*) FILTER (WHERE u.sends AND f.read_requested),
	       count(*) FILTER (WHERE u.sends AND f.read_requested AND f.displayed),
	       count(*) FILTER (WHERE NOT u.sends)
	FROM rollup_facts(of_realm, since, until) AS f
	CROSS JOIN (VALUES (true), (false)) AS u (sends)
	WHERE f.counted
	GROUP BY 1, 2
$$;
COMMENT ON FUNCTION users_of_rows(int4, timestamptz, timestamptz) IS
	'What rollup_user must hold for the rows sent in since..until';
