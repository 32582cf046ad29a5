-- SPDX-License-Identifier: Apache-2.0
-- The facts: messages with their evidence, who sent which id, findings. The large tables are cut
-- into days: an interval reads its days only, and a day that is too old is dropped whole.

-- messages ----------------------------------------------------------------------------------------

CREATE TABLE message (
	conv              int8 NOT NULL,
	sent_at           timestamptz NOT NULL,
	key               int8 NOT NULL,
	n                 int4 NOT NULL,
	realm             int4 NOT NULL,
	from_jid          int8 NOT NULL,
	to_jid            int8 NOT NULL,
	id                text,
	from_resource     text,
	nick              text,
	type              int2 NOT NULL,
	class             int2 NOT NULL,
	state             int2 NOT NULL,
	flags             int4 NOT NULL,
	digest            int8 NOT NULL,
	last_at           timestamptz NOT NULL,
	composed_at       timestamptz,
	accepted_at       timestamptz,
	stored_at         timestamptz,
	routed_at         timestamptz,
	delivered_at      timestamptz,
	delivered_via     int2 NOT NULL,
	displayed_at      timestamptz,
	displayed_via     int2 NOT NULL,
	upto_delivered_at timestamptz,
	upto_displayed_at timestamptz,
	failed_at         timestamptz,
	error             text,
	retracted_at      timestamptz,
	corrects          text,
	resends           int4 NOT NULL,
	acks              int4 NOT NULL,
	acks_dup          int4 NOT NULL,
	marks             int2 NOT NULL,
	source            int4 NOT NULL,
	thread            int8 NOT NULL,
	receipt_first     timestamptz,
	receipt_last      timestamptz,
	receipt_own       text,
	marker_first      timestamptz,
	marker_last       timestamptz,
	marker_own        text,
	ack_resource      text,
	receipt_pos       int8 NOT NULL,
	marker_pos        int8 NOT NULL,
	sent_pos          int8 NOT NULL,
	delivered_pos     int8 NOT NULL,
	displayed_pos     int8 NOT NULL,
	failed_pos        int8 NOT NULL,
	commit            int8 NOT NULL,
	body_bytes        int4 NOT NULL,
	body              text,
	facts             bytea,
	reaction_at       timestamptz,
	reply_at          timestamptz,
	mds_at            timestamptz,
	read_inferred_at  timestamptz,
	read_via          int2 NOT NULL DEFAULT 0,
	response_ms       int8 NOT NULL DEFAULT -1,
	device            int8 NOT NULL DEFAULT 0,
	tie               bytea
) PARTITION BY RANGE (sent_at);
CREATE UNIQUE INDEX message_identity ON message (conv, sent_at, key, n);
CREATE INDEX message_time ON message
	USING brin (sent_at) WITH (pages_per_range = 32, autosummarize = on);
CREATE INDEX message_open ON message (sent_at)
	WHERE state < 4 AND (flags & 5) <> 0 AND id IS NOT NULL;
CREATE INDEX message_long ON message (conv, last_at)
	WHERE id IS NULL AND last_at - sent_at > interval '10 seconds';
COMMENT ON TABLE message IS
	'One row per incarnation of a message: what its facts say, and the plain facts. One '
	'partition per UTC day of sent_at';
COMMENT ON COLUMN message.conv IS
	'Keyed hash of (realm, pair of bare JIDs) or of (realm, room); conv & 63 is the shard';
COMMENT ON COLUMN message.sent_at IS
	'When it was sent; moves back when earlier evidence arrives (the row then changes its '
	'partition)';
COMMENT ON COLUMN message.key IS 'Keyed hash of (sender, recipient, id)';
COMMENT ON COLUMN message.n IS
	'Number of the incarnation among those of one key, from 1; without id a number made of the instant';
COMMENT ON COLUMN message.realm IS 'realm.id';
COMMENT ON COLUMN message.from_jid IS 'jid.id of the sender';
COMMENT ON COLUMN message.to_jid IS 'jid.id of the recipient';
COMMENT ON COLUMN message.id IS 'Stanza id; null: it had none, cannot be tracked';
COMMENT ON COLUMN message.from_resource IS 'Resource of the sender''s device; null: unknown';
COMMENT ON COLUMN message.nick IS 'Room nick of the sender as the room reflected it';
COMMENT ON COLUMN message.type IS '0 normal, 1 chat, 2 groupchat, 3 headline, 4 error';
COMMENT ON COLUMN message.class IS
	'0 chat, 1 pm, 2 correction, 3 self, 4 pm-mirror, 5 group, 6 headline, 7 service, 8 joined '
	'(not shown: an upload without id that another row holds)';
COMMENT ON COLUMN message.state IS
	'0 sent, 1 accepted, 2 stored, 3 routed, 4 failed, 5 delivered, 6 displayed';
COMMENT ON COLUMN message.flags IS
	'Bits: 1 receipt requested, 2 markable, 4 x-event delivered, 8 x-event displayed, 16 '
	'x-event offline, 32 receipt request void, 64 markable void, 128 encrypted, 256 body, '
	'512 no-store, 1024 id given by the room, 2048 x-event composing';
COMMENT ON COLUMN message.digest IS 'Keyed hash of the content; tells incarnations apart';
COMMENT ON COLUMN message.last_at IS 'Last sighting of this incarnation';
COMMENT ON COLUMN message.composed_at IS 'Time written by the sender''s client; null: none';
COMMENT ON COLUMN message.accepted_at IS 'First seen on its way into the server; null: not seen';
COMMENT ON COLUMN message.stored_at IS 'When the server put it into offline storage; null: did not';
COMMENT ON COLUMN message.routed_at IS
	'First seen on its way to a device of the recipient; null: not seen';
COMMENT ON COLUMN message.delivered_at IS 'First evidence of delivery; null: none';
COMMENT ON COLUMN message.delivered_via IS
	'What delivered_at stands on: 0 none, 1 receipt, 2 marker, 3 xevent, 4 upto, 5 implied, '
	'6 state, 7 content, 8 reaction, 9 reply, 10 mds';
COMMENT ON COLUMN message.displayed_at IS 'First evidence of display; null: none';
COMMENT ON COLUMN message.displayed_via IS 'What displayed_at stands on, codes as delivered_via';
COMMENT ON COLUMN message.upto_delivered_at IS
	'Delivered by a marker on a later message; kept apart, an error removes it';
COMMENT ON COLUMN message.upto_displayed_at IS
	'Displayed by a marker on a later message; kept apart, an error removes it';
COMMENT ON COLUMN message.failed_at IS 'First error that counts; null: none';
COMMENT ON COLUMN message.error IS 'Its condition';
COMMENT ON COLUMN message.retracted_at IS 'When its sender took it back; null: did not';
COMMENT ON COLUMN message.corrects IS 'Id of the message that this one replaces';
COMMENT ON COLUMN message.resends IS 'How often it was sent again with the same id and content';
COMMENT ON COLUMN message.acks IS 'Acks paired with it, duplicates too';
COMMENT ON COLUMN message.acks_dup IS 'Acks beyond the first of one device and kind';
COMMENT ON COLUMN message.marks IS
	'Bits: 1 a clock was corrected, 2 delivered_at stands on direct evidence, 4 has open '
	'findings, 8 got an error, 16 its acks are in the counters, 32 complex: facts and ack '
	'hold the evidence, 64 a marker is among its evidence, 128 and 256 the clock of its log went '
	'forward before it was delivered and displayed: how long that took is not known';
COMMENT ON COLUMN message.source IS 'source.id of the earliest line';
COMMENT ON COLUMN message.thread IS 'Keyed hash of its thread; 0: none';
COMMENT ON COLUMN message.receipt_first IS 'Plain rows: first sighting of the one receipt';
COMMENT ON COLUMN message.receipt_last IS 'Plain rows: last sighting of the one receipt';
COMMENT ON COLUMN message.receipt_own IS 'Plain rows: own id of the receipt stanza';
COMMENT ON COLUMN message.marker_first IS 'Plain rows: first sighting of the one displayed marker';
COMMENT ON COLUMN message.marker_last IS 'Plain rows: last sighting of the one displayed marker';
COMMENT ON COLUMN message.marker_own IS 'Plain rows: own id of the marker stanza';
COMMENT ON COLUMN message.ack_resource IS
	'Plain rows: resource of the one device that acknowledged; null: none';
COMMENT ON COLUMN message.receipt_pos IS 'Plain rows: position of the receipt; 0: none';
COMMENT ON COLUMN message.marker_pos IS 'Plain rows: position of the marker; 0: none';
COMMENT ON COLUMN message.sent_pos IS
	'Position that gave sent_at: generation << 43 | offset << 3 | index; 0: none';
COMMENT ON COLUMN message.delivered_pos IS 'Position that gave delivered_at; 0: none';
COMMENT ON COLUMN message.displayed_pos IS 'Position that gave displayed_at; 0: none';
COMMENT ON COLUMN message.failed_pos IS 'Position that gave failed_at; 0: none';
COMMENT ON COLUMN message.commit IS 'batch.commit that wrote the row last';
COMMENT ON COLUMN message.body_bytes IS 'Length of the body in bytes, also when it is not stored';
COMMENT ON COLUMN message.body IS 'Body, or its HMAC, or null, as the setting "bodies" says';
COMMENT ON COLUMN message.facts IS
	'Complex rows: all facts of the incarnation, versioned encoding; plain rows: 8 bytes, keyed '
	'hash of the device that got the message, then the id that its server gave it, or null';
COMMENT ON COLUMN message.reaction_at IS 'First reaction of the recipient that names it; null: none';
COMMENT ON COLUMN message.reply_at IS 'First reply of the recipient that names it; null: none';
COMMENT ON COLUMN message.mds_at IS
	'When the recipient''s own devices told each other that it was displayed; null: not seen';
COMMENT ON COLUMN message.read_inferred_at IS
	'Settled: first sign of reading that is no explicit one; null: none or displayed_at is known';
COMMENT ON COLUMN message.read_via IS
	'Settled: what read_inferred_at stands on, codes as delivered_via';
COMMENT ON COLUMN message.response_ms IS
	'Settled: time to the other party''s answer, of the first row of a run; -1: none';
COMMENT ON COLUMN message.device IS
	'Keyed hash, as jid.id, of the full JID of the device that acknowledged it first, else of the one '
	'device of the recipient that it was written to; 0: none or several, no id, or class not counted';
COMMENT ON COLUMN message.tie IS
	'Its order among rows of one instant, byte by byte: "1" ingress or "2" egress, "0" content, the '
	'start of the stanza (its start tag when bodies are not stored), 0x00, the session; then, when '
	'its incarnations have others, theirs, each after 0x01; of a plain row the ties of its receipt and '
	'its marker, as ack.tie. Null: the clock of the source keeps its '
	'lines apart, or bodies were taken out';
COMMENT ON INDEX message_identity IS
	'Identity; conversations in order of time; look-ups by key within days';
COMMENT ON INDEX message_time IS 'Rows of an interval within a day';
COMMENT ON INDEX message_long IS
	'Messages without id that were seen again and again (M4): few. What comes later belongs to them';
COMMENT ON INDEX message_open IS
	'Asked for a receipt, can be answered, not answered yet: oldest first';

CREATE TABLE ack (
	conv        int8 NOT NULL,
	key         int8 NOT NULL,
	seen_at     timestamptz NOT NULL,
	last_at     timestamptz NOT NULL,
	out_at      timestamptz,
	realm       int4 NOT NULL,
	kind        int2 NOT NULL,
	class       int2 NOT NULL,
	n           int4 NOT NULL,
	by_jid      int8 NOT NULL,
	to_jid      int8 NOT NULL,
	by_resource text,
	own_id      text,
	ref         text,
	condition   text,
	thread      int8 NOT NULL,
	position    int8 NOT NULL,
	about       int8 NOT NULL,
	about_self  int8 NOT NULL,
	borrowed    boolean NOT NULL,
	lent_conv   int8 NOT NULL,
	lent_key    int8 NOT NULL,
	leg         int2 NOT NULL,
	sig         int8 NOT NULL,
	seen        int2 NOT NULL,
	via         int2 NOT NULL,
	named       text,
	real        text,
	tie         bytea,
	mark_device int8,
	mark_at     timestamptz,
	mark_target timestamptz,
	mark_bits   int2,
	mark_tie    bytea,
	commit      int8 NOT NULL DEFAULT 0
) PARTITION BY RANGE (seen_at);
CREATE INDEX ack_key ON ack (conv, seen_at, key);
CREATE INDEX ack_about ON ack (about) WHERE class <> 0;
CREATE INDEX ack_about_self ON ack (about_self)
	WHERE class <> 0 OR (leg <> 0 AND about_self <> 0);
CREATE INDEX ack_mark ON ack (conv, mark_device, mark_at) WHERE mark_device IS NOT NULL;
CREATE INDEX ack_commit ON ack USING brin (commit) WITH (pages_per_range = 32, autosummarize = on);
COMMENT ON TABLE ack IS
	'Receipts, markers, errors and edits that do not fit into the message row. One partition '
	'per UTC day of seen_at';
COMMENT ON COLUMN ack.conv IS 'Conversation of the message it is about, as message.conv';
COMMENT ON COLUMN ack.key IS
	'Key of the message it is about, as message.key, whether that is there or not';
COMMENT ON COLUMN ack.seen_at IS 'First sighting: the time that counts';
COMMENT ON COLUMN ack.last_at IS 'Last sighting';
COMMENT ON COLUMN ack.out_at IS
	'When a server last wrote it, whatever stamp it bore; null: not seen on its way out';
COMMENT ON COLUMN ack.realm IS 'realm.id';
COMMENT ON COLUMN ack.kind IS
	'0 receipt, 1 marker received, 2 marker displayed, 3 marker acknowledged, 4 x-event '
	'offline, 5 x-event delivered, 6 x-event displayed, 7 error, 8 amp stored, 9 amp none, '
	'10 retraction, 11 reaction, 12 reply, 13 displayed on another own device (MDS), 14 fault of a '
	'room stanza (condition names the rule)';
COMMENT ON COLUMN ack.class IS
	'0 paired, 1 unknown id, 2 forged, 3 by the domain, 4 of its own message, 5 of an ack, 6 '
	'bounced, 7 error loop, 8 lent to another conversation, 9 no effect';
COMMENT ON COLUMN ack.n IS 'Incarnation it is paired with, message.n; 0: none';
COMMENT ON COLUMN ack.by_jid IS 'jid.id of who acknowledges';
COMMENT ON COLUMN ack.to_jid IS 'jid.id of whose message it is about';
COMMENT ON COLUMN ack.by_resource IS 'Resource of the acknowledging device; null: the bare JID';
COMMENT ON COLUMN ack.own_id IS 'Id of the acknowledging stanza itself; null: none';
COMMENT ON COLUMN ack.ref IS 'Id it refers to; null: none';
COMMENT ON COLUMN ack.condition IS 'Errors: the condition';
COMMENT ON COLUMN ack.thread IS
	'Markers: keyed hash of the thread; faults: digest of the content; 0: none';
COMMENT ON COLUMN ack.position IS 'Position of its first sighting';
COMMENT ON COLUMN ack.about IS
	'Keyed hash of (to, ref): the sent_id entry of the message it waits for; of a fault that only the '
	'mirror of a room''s message shows: of (room, its own id)';
COMMENT ON COLUMN ack.about_self IS
	'Keyed hash of (by, ref): the entry that would make it an ack of one''s own message; groupchat: of '
	'the account or the nick when who is who decides about its other leg, else 0';
COMMENT ON COLUMN ack.borrowed IS 'It came to this key from another conversation';
COMMENT ON COLUMN ack.lent_conv IS 'class 8: conversation it went to; else 0';
COMMENT ON COLUMN ack.lent_key IS 'class 8: key it went to; else 0';
COMMENT ON COLUMN ack.leg IS 'Groupchat: 1 on its way to the room, 2 as the room reflects it; else 0';
COMMENT ON COLUMN ack.sig IS 'Groupchat: keyed hash of what the stanza says; its other leg has the same';
COMMENT ON COLUMN ack.seen IS 'Bits: 1 on its way into the server, 2 on its way out';
COMMENT ON COLUMN ack.via IS '0: standard; else the private acknowledgement, realm.rules numbers them';
COMMENT ON COLUMN ack.named IS
	'Borrowed evidence: the id as it was named, when it is not the message''s id (stanza-id, origin-id); '
	'errors about a message of a room: its sender';
COMMENT ON COLUMN ack.real IS
	'Groupchat, leg 2: full JID of the account whose upload is the same stanza; null: not seen';
COMMENT ON COLUMN ack.tie IS
	'Its order within one instant, as message.tie: of the sighting that gave seen_at, no more than the '
	'start tag beside a body; of several in one stanza all but the first end with 0x00 (where the clock '
	'keeps stanzas apart: begin) with two bytes of their place. Null: the clock needs no more';
COMMENT ON COLUMN ack.mark_device IS
	'Groupchat, displayed markers that count: keyed hash of the reader; else null, as the next four';
COMMENT ON COLUMN ack.mark_at IS 'When either leg of the marker was seen first';
COMMENT ON COLUMN ack.mark_target IS 'message.sent_at of the message that it marks';
COMMENT ON COLUMN ack.mark_bits IS
	'Bits: 1 older than the newest message that the reader had marked before (MARK-BACKWARD), 2 seen on '
	'its way into the server, 4 mark_tie is null because it is the same as tie';
COMMENT ON COLUMN ack.mark_tie IS
	'Groupchat: as tie, of the leg that was seen first; null: as bit 4 of mark_bits says, or not kept';
COMMENT ON COLUMN ack.commit IS 'batch.commit that wrote the row; 0: nobody who writes evidence';
COMMENT ON INDEX ack_commit IS 'Which days a seal must read';
COMMENT ON INDEX ack_mark IS 'Markers of one reader of a room in order of time';
COMMENT ON INDEX ack_key IS 'All evidence of a key within days';
COMMENT ON INDEX ack_about IS 'Evidence without a message, when its message arrives';
COMMENT ON INDEX ack_about_self IS
	'Evidence without a message, when it turns out to be about its own sender''s message; legs of room '
	'stanzas, when it turns out who is who';

-- PAIRING P12: who read or got a room's message, by nick, or by account where the room has no mirror
-- acks at all. The same as readers_of() in pairing/readers.c.
CREATE FUNCTION room_readers(conv int8, sent_at timestamptz, key int8, n int4, sender text,
	nick text, thread int8, failed boolean, upto interval)
RETURNS TABLE (who text, displayed timestamptz, received timestamptz) LANGUAGE sql STABLE
SET search_path = receiptd, pg_catalog, pg_temp AS $$
WITH room AS MATERIALIZED (
     SELECT EXISTS (SELECT FROM ack AS a
                    WHERE a.conv = $1 AND a.leg = 2 AND a.kind <= 6) AS mirrored),
said AS (
     SELECT a.kind, a.seen_at, a.leg,
            CASE WHEN a.leg = 2 THEN coalesce(a.by_resource,
                 substr(j.jid, strpos(j.jid, '/') + 1)) END AS nick,
            split_part(CASE WHEN a.leg = 1 THEN j.jid ELSE a.real END, '/', 1) AS account
     FROM message AS x
     JOIN ack AS a ON a.conv = x.conv AND a.key = x.key AND a.n = x.n AND a.class = 0
                  AND (a.kind IN (0, 2, 3) OR (a.kind = 6 AND a.via <> 0)) AND a.leg <> 0 AND a.seen_at >= x.sent_at - interval '1 day'
     JOIN jid AS j ON j.id = a.by_jid
     WHERE x.conv = $1 AND x.sent_at BETWEEN $2 AND $2 + $9
       AND ((x.key = $3 AND x.n = $4)
            OR (a.kind IN (2, 3) AND NOT $8 AND (a.thread = 0 OR a.thread = $7))))
SELECT CASE WHEN room.mirrored THEN s.nick ELSE s.account END AS who,
       min(s.seen_at) FILTER (WHERE s.kind <> 0) AS displayed,
       min(s.seen_at) FILTER (WHERE s.kind = 0) AS received
FROM said AS s, room
WHERE CASE WHEN room.mirrored THEN s.nick ELSE s.account END IS NOT NULL
  AND CASE WHEN s.account IS NOT NULL AND strpos($5, '/') = 0 THEN s.account <> $5
           ELSE coalesce(s.nick <> $6, true) END
GROUP BY 1
$$;
COMMENT ON FUNCTION room_readers(int8, timestamptz, int8, int4, text, text, int8, boolean, interval) IS
	'Readers and receivers of one message of a room, first times';

CREATE TABLE sent_id (
	day      date NOT NULL,
	hash     int8 NOT NULL,
	what     int2 NOT NULL,
	conv     int8 NOT NULL,
	key      int8 NOT NULL,
	at       timestamptz NOT NULL,
	from_jid int8 NOT NULL,
	to_jid   int8 NOT NULL,
	realm    int4 NOT NULL
) PARTITION BY RANGE (day);
CREATE INDEX sent_id_hash ON sent_id
	USING brin (hash) WITH (pages_per_range = 8, autosummarize = on);
COMMENT ON TABLE sent_id IS
	'Who sent which id: probed for evidence that names an unknown id. One partition per day';
COMMENT ON COLUMN sent_id.day IS 'UTC day of at';
COMMENT ON COLUMN sent_id.hash IS 'Keyed hash of (sender, id); sorted within a batch';
COMMENT ON COLUMN sent_id.what IS '0 message, 1 room message, 2 ack, 3 id given by the server or the room, 4 origin-id, '
	'5 nick and account of an occupant';
COMMENT ON COLUMN sent_id.conv IS 'Its conversation';
COMMENT ON COLUMN sent_id.key IS 'Its key';
COMMENT ON COLUMN sent_id.at IS 'Time of the sighting that wrote the entry';
COMMENT ON COLUMN sent_id.from_jid IS 'jid.id of the sender';
COMMENT ON COLUMN sent_id.to_jid IS 'jid.id of the recipient';
COMMENT ON COLUMN sent_id.realm IS 'realm.id';
COMMENT ON INDEX sent_id_hash IS 'Skips most of a day: entries of a batch are sorted by hash';

CREATE TABLE party (
	jid   int8 NOT NULL,
	conv  int8 NOT NULL,
	realm int4 NOT NULL
);
CREATE UNIQUE INDEX party_jid ON party (jid, conv);
COMMENT ON TABLE party IS
	'Who takes part in which conversation: finds the messages of one account without an index on '
	'them. Written with the first message, never changed; may outlive the messages';
COMMENT ON COLUMN party.jid IS 'jid.id as message.from_jid or message.to_jid; of a room too';
COMMENT ON COLUMN party.conv IS 'Conversation, as message.conv';
COMMENT ON COLUMN party.realm IS 'realm.id';
COMMENT ON INDEX party_jid IS 'Identity; conversations of an account';

CREATE TABLE finding (
	realm     int4 NOT NULL,
	conv      int8 NOT NULL,
	key       int8 NOT NULL,
	element   int8 NOT NULL,
	rule      text NOT NULL,
	by        text NOT NULL,
	ref       text NOT NULL,
	first_at  timestamptz NOT NULL,
	last_at   timestamptz NOT NULL,
	n         int8 NOT NULL,
	position  int8 NOT NULL,
	withdrawn boolean NOT NULL DEFAULT false,
	commit    int8 NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX finding_element ON finding (conv, key, element);
CREATE INDEX finding_commit ON finding
	USING brin (commit) WITH (pages_per_range = 32, autosummarize = on);
COMMENT ON TABLE finding IS 'Breaches of the rules, as a set of (rule, by, ref) per key';
COMMENT ON COLUMN finding.realm IS 'realm.id';
COMMENT ON COLUMN finding.conv IS 'Conversation; 0 with key 0';
COMMENT ON COLUMN finding.key IS
	'Key whose facts give it; 0: stands on a line alone, is never withdrawn';
COMMENT ON COLUMN finding.element IS
	'Keyed hash of (realm, rule, by, ref), of keys without id with the time: ids may be too long for an index';
COMMENT ON COLUMN finding.rule IS 'Name of the rule';
COMMENT ON COLUMN finding.by IS 'JID of the culprit, full when known';
COMMENT ON COLUMN finding.ref IS 'Id concerned; may be empty';
COMMENT ON COLUMN finding.first_at IS 'First time seen';
COMMENT ON COLUMN finding.last_at IS 'Last time seen';
COMMENT ON COLUMN finding.n IS 'Times seen';
COMMENT ON COLUMN finding.position IS 'Position of the first sighting';
COMMENT ON COLUMN finding.withdrawn IS 'Later facts of its key took it back';
COMMENT ON COLUMN finding.commit IS
	'batch.commit that wrote the row last; 0: nobody who writes findings';
COMMENT ON INDEX finding_element IS 'Identity';
COMMENT ON INDEX finding_commit IS 'What a seal must read';

-- Inlined: a statement with this condition opens the partitions of these spans alone. Six of them
-- (IN_DAYS_SPANS of store/internal.h), what is not there is null and holds nothing.
CREATE FUNCTION in_days(at timestamptz, spans timestamptz[])
RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
SELECT at BETWEEN spans[1] AND spans[2] OR at BETWEEN spans[3] AND spans[4]
    OR at BETWEEN spans[5] AND spans[6] OR at BETWEEN spans[7] AND spans[8]
    OR at BETWEEN spans[9] AND spans[10] OR at BETWEEN spans[11] AND spans[12]
$$;
COMMENT ON FUNCTION in_days(timestamptz, timestamptz[]) IS
	'Is it within one of the spans (begin, end, inclusive)?';

-- partitions --------------------------------------------------------------------------------------

-- One partition of one table; no day: the one for the rest. LIKE + ATTACH, because CREATE ...
-- PARTITION OF would lock the whole table against readers.
CREATE FUNCTION attach_part(parent text, part text, by text, day date, fill int4)
RETURNS void LANGUAGE plpgsql SET search_path = receiptd, pg_catalog, pg_temp AS $$
BEGIN
	EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING DEFAULTS INCLUDING INDEXES INCLUDING COMMENTS)'
		' WITH (fillfactor = %s)', part, parent, fill);
	IF day IS NULL THEN
		EXECUTE format('COMMENT ON TABLE %I IS %L', part,
			'Rows of days that have no partition of their own');
		EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I DEFAULT', parent, part);
		RETURN;
	END IF;
	EXECUTE format('COMMENT ON TABLE %I IS %L', part, 'Rows of ' || day || ' (UTC)');
	-- Rows of that day may wait in the rest: see make_day.
	EXECUTE format('LOCK TABLE %I IN ACCESS EXCLUSIVE MODE', parent || '_other');
	EXECUTE format('WITH moved AS (DELETE FROM %I WHERE %I >= %L AND %I < %L RETURNING *)'
		' INSERT INTO %I SELECT * FROM moved', parent || '_other', by, day, by, day + 1, part);
	EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', parent, part,
		day, day + 1);
END $$;
COMMENT ON FUNCTION attach_part(text, text, text, date, int4) IS
	'Part of make_day: makes and attaches the partition of one table for one day (null: the rest)';

SELECT attach_part(parent, parent || '_other', '', NULL, fill)
FROM (VALUES ('message', 90), ('ack', 90), ('sent_id', 100)) AS t (parent, fill);

CREATE FUNCTION make_day(day date) RETURNS boolean LANGUAGE plpgsql
SET search_path = receiptd, pg_catalog, pg_temp SET lock_timeout = '500ms'
SET timezone = 'UTC' AS $$
DECLARE
	tag   text := to_char(day, 'YYYYMMDD');
	today date := (now() AT TIME ZONE 'UTC')::date;
BEGIN
	IF day IS NULL OR day < date '2015-01-01' OR day >= date '2100-01-01'
	   OR day < today - 7305 OR day > today + 2 THEN
		RETURN false;
	END IF;
	IF to_regclass('sent_id_' || tag) IS NOT NULL THEN
		RETURN true;
	END IF;
	PERFORM pg_advisory_xact_lock(1919119476, 3);
	IF to_regclass('sent_id_' || tag) IS NOT NULL THEN
		RETURN true;
	END IF;
	PERFORM attach_part('message', 'message_' || tag, 'sent_at', day, 90);
	PERFORM attach_part('ack', 'ack_' || tag, 'seen_at', day, 90);
	PERFORM attach_part('sent_id', 'sent_id_' || tag, 'day', day, 100);
	RETURN true;
EXCEPTION WHEN lock_not_available THEN
	RETURN false;
END $$;
COMMENT ON FUNCTION make_day(date) IS
	'Makes the partitions of one UTC day; does nothing when they are there; safe against two '
	'at once. False: the day is out of bounds (before 2015, 20 years ago, later than the day '
	'after tomorrow) or a long query holds the rest partition; rows then go to the rest '
	'partition, and a later call moves them. Call it in a transaction of its own, before the '
	'batch';
