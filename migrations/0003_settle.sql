-- SPDX-License-Identifier: Apache-2.0
-- What is settled a little later from the order of a conversation: chat states as they were seen,
-- typing intervals, and which parts of which conversations wait for it.

SET LOCAL search_path = receiptd, pg_catalog;

CREATE TABLE chat_state (
	conv     int8 NOT NULL,
	at       timestamptz NOT NULL,
	realm    int4 NOT NULL,
	from_jid int8 NOT NULL,
	resource text,
	to_jid   int8 NOT NULL,
	state    int2 NOT NULL,
	type     int2 NOT NULL,
	leg      int2 NOT NULL,
	content  boolean NOT NULL,
	ingress  boolean NOT NULL,
	own_id   text,
	sig      int8 NOT NULL,
	source   int4 NOT NULL,
	position int8 NOT NULL,
	tie      bytea
) PARTITION BY RANGE (at);
CREATE INDEX chat_state_conv ON chat_state (conv, at);
COMMENT ON TABLE chat_state IS
	'Sightings of chat states, never changed. One partition per UTC day of at';
COMMENT ON COLUMN chat_state.conv IS 'Conversation, as message.conv';
COMMENT ON COLUMN chat_state.at IS 'When it was seen; delayed lines: their stamp';
COMMENT ON COLUMN chat_state.realm IS 'realm.id';
COMMENT ON COLUMN chat_state.from_jid IS 'jid.id of who shows it: bare or occupant JID';
COMMENT ON COLUMN chat_state.resource IS 'Resource of the device; null: none, or an occupant';
COMMENT ON COLUMN chat_state.to_jid IS 'jid.id of the peer, or of the room';
COMMENT ON COLUMN chat_state.state IS '1 active, 2 composing, 3 paused, 4 inactive, 5 gone';
COMMENT ON COLUMN chat_state.type IS 'Type of the stanza, codes as message.type';
COMMENT ON COLUMN chat_state.leg IS
	'0 one to one; groupchat: 1 on its way to the room, 2 as the room reflects it';
COMMENT ON COLUMN chat_state.content IS 'The stanza holds content too: it is not standalone';
COMMENT ON COLUMN chat_state.ingress IS 'Seen on its way into the server';
COMMENT ON COLUMN chat_state.own_id IS 'Id of the stanza; null: none';
COMMENT ON COLUMN chat_state.sig IS
	'Groupchat: keyed hash of what the stanza says; its other leg has the same';
COMMENT ON COLUMN chat_state.source IS 'source.id of the line';
COMMENT ON COLUMN chat_state.position IS 'Position of the line';
COMMENT ON COLUMN chat_state.tie IS
	'Its order among states of one instant, as message.tie; second "1" for an ack, "2" for a state '
	'alone. Beside a body the start tag only';
COMMENT ON INDEX chat_state_conv IS 'States of a conversation in order of time';

CREATE TABLE chat_party (
	conv     int8 NOT NULL,
	device   int8 NOT NULL,
	realm    int4 NOT NULL,
	from_jid int8 NOT NULL,
	resource text,
	to_jid   int8 NOT NULL,
	leg      int2 NOT NULL,
	first_at timestamptz NOT NULL,
	last_at  timestamptz NOT NULL,
	lone_at  timestamptz
);
CREATE UNIQUE INDEX chat_party_device ON chat_party (conv, device);
CREATE INDEX chat_party_by_device ON chat_party (device);
COMMENT ON TABLE chat_party IS
	'Which devices showed chat states in a conversation, and between when';
COMMENT ON COLUMN chat_party.conv IS 'Conversation, as message.conv';
COMMENT ON COLUMN chat_party.device IS 'Keyed hash of the full JID';
COMMENT ON COLUMN chat_party.realm IS 'realm.id';
COMMENT ON COLUMN chat_party.from_jid IS 'As chat_state.from_jid';
COMMENT ON COLUMN chat_party.resource IS 'As chat_state.resource';
COMMENT ON COLUMN chat_party.to_jid IS 'As chat_state.to_jid';
COMMENT ON COLUMN chat_party.leg IS 'As chat_state.leg';
COMMENT ON COLUMN chat_party.first_at IS 'Its first sighting';
COMMENT ON COLUMN chat_party.last_at IS 'Its last sighting';
COMMENT ON COLUMN chat_party.lone_at IS 'Its last standalone sighting; null: none';
COMMENT ON INDEX chat_party_device IS 'Identity';
COMMENT ON INDEX chat_party_by_device IS 'Conversations of a device whose ingress is seen at last';

CREATE TABLE chat_ingress (
	realm  int4 NOT NULL,
	device int8 NOT NULL
);
CREATE UNIQUE INDEX chat_ingress_device ON chat_ingress (realm, device);
COMMENT ON TABLE chat_ingress IS
	'Devices whose chat states were seen on their way into the server: no other sightings of '
	'them are used. The same in every node';
COMMENT ON COLUMN chat_ingress.realm IS 'realm.id';
COMMENT ON COLUMN chat_ingress.device IS 'Keyed hash of the full JID';
COMMENT ON INDEX chat_ingress_device IS 'Identity';

CREATE TABLE typing (
	conv     int8 NOT NULL,
	start_at timestamptz NOT NULL,
	device   int8 NOT NULL,
	realm    int4 NOT NULL,
	from_jid int8 NOT NULL,
	resource text,
	to_jid   int8 NOT NULL,
	end_at   timestamptz NOT NULL,
	ended    int2 NOT NULL,
	position int8 NOT NULL
);
CREATE UNIQUE INDEX typing_start ON typing (conv, start_at, device);
CREATE INDEX typing_end ON typing (conv, end_at);
CREATE INDEX typing_time ON typing USING brin (start_at) WITH (pages_per_range = 32, autosummarize = on);
COMMENT ON TABLE typing IS 'Settled: intervals in which somebody was composing';
COMMENT ON COLUMN typing.conv IS 'Conversation, as message.conv';
COMMENT ON COLUMN typing.start_at IS 'When composing was shown';
COMMENT ON COLUMN typing.device IS 'Keyed hash of the full JID';
COMMENT ON COLUMN typing.realm IS 'realm.id';
COMMENT ON COLUMN typing.from_jid IS 'As chat_state.from_jid';
COMMENT ON COLUMN typing.resource IS 'As chat_state.resource';
COMMENT ON COLUMN typing.to_jid IS 'As chat_state.to_jid';
COMMENT ON COLUMN typing.end_at IS 'What ended it, however late; infinity: nothing did';
COMMENT ON COLUMN typing.ended IS '0 nothing did, 1 another state, 2 content';
COMMENT ON COLUMN typing.position IS 'Position of the line that opened it';
COMMENT ON INDEX typing_start IS 'Identity';
COMMENT ON INDEX typing_end IS 'Intervals that are open at some time';
COMMENT ON INDEX typing_time IS 'Intervals of a span of time';

CREATE TABLE settle_unit (
	conv    int8 NOT NULL,
	day     date NOT NULL,
	realm   int4 NOT NULL,
	lo      timestamptz NOT NULL,
	hi      timestamptz NOT NULL,
	reaches boolean NOT NULL,
	since   timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX settle_unit_day ON settle_unit (conv, day);
CREATE INDEX settle_unit_since ON settle_unit (realm, since);
COMMENT ON TABLE settle_unit IS
	'Parts of conversations whose facts changed and that wait to be settled. Only appended to: a part '
	'that changed in several batches has several rows';
COMMENT ON COLUMN settle_unit.conv IS 'Conversation, as message.conv';
COMMENT ON COLUMN settle_unit.day IS 'UTC day of the facts';
COMMENT ON COLUMN settle_unit.realm IS 'realm.id';
COMMENT ON COLUMN settle_unit.lo IS 'First fact of the day that changed';
COMMENT ON COLUMN settle_unit.hi IS 'Last fact of the day that changed';
COMMENT ON COLUMN settle_unit.reaches IS
	'A mark that reaches back (MDS) is among them: rows before it may change too';
COMMENT ON COLUMN settle_unit.since IS 'When it began to wait, clock of the database';
COMMENT ON INDEX settle_unit_day IS 'All that waits of a conversation';
COMMENT ON INDEX settle_unit_since IS 'The oldest first';

CREATE INDEX message_mds ON message (conv, sent_at) WHERE mds_at IS NOT NULL;
COMMENT ON INDEX message_mds IS 'Rows that one''s own devices marked up to';
DO $$
DECLARE part regclass;
BEGIN
	FOR part IN SELECT inhrelid::regclass FROM pg_inherits WHERE inhparent = 'message_mds'::regclass
	LOOP
		EXECUTE format('COMMENT ON INDEX %s IS %L', part,
			obj_description('message_mds'::regclass, 'pg_class'));
	END LOOP;
END $$;

SELECT attach_part('chat_state', 'chat_state_other', '', NULL, 100);

CREATE OR REPLACE FUNCTION make_day(day date) RETURNS boolean LANGUAGE plpgsql
SET search_path = receiptd, pg_catalog, pg_temp SET lock_timeout = '500ms'
SET timezone = 'UTC' AS $$
DECLARE
	tag   text := to_char(day, 'YYYYMMDD');
	today date := (now() AT TIME ZONE 'UTC')::date;
	part  record;
BEGIN
	IF day IS NULL OR day < date '2015-01-01' OR day >= date '2100-01-01'
	   OR day < today - 7305 OR day > today + 2 THEN
		RETURN false;
	END IF;
	IF to_regclass('chat_state_' || tag) IS NOT NULL THEN
		RETURN true;
	END IF;
	PERFORM pg_advisory_xact_lock(1919119476, 3);
	-- The last one of the list tells that all are there.
	FOR part IN SELECT *
		FROM (VALUES (1, 'message', 'sent_at', 90), (2, 'ack', 'seen_at', 90),
		             (3, 'sent_id', 'day', 100), (4, 'chat_state', 'at', 100))
		     AS t (place, parent, cut, fill)
		ORDER BY t.place
	LOOP
		IF to_regclass(part.parent || '_' || tag) IS NULL THEN
			PERFORM attach_part(part.parent, part.parent || '_' || tag, part.cut, day,
			                    part.fill);
		END IF;
	END LOOP;
	RETURN true;
EXCEPTION WHEN lock_not_available THEN
	RETURN false;
END $$;
