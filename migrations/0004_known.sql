-- SPDX-License-Identifier: Apache-2.0
-- What was learnt about devices, accounts and archives: rosters, blocks, features, software. Findings
-- are drawn from it when somebody asks, so nothing here is ever withdrawn; what is old may be deleted.

CREATE TABLE known (
	realm    int4 NOT NULL,
	element  int8 NOT NULL,
	kind     int2 NOT NULL,
	about    int8 NOT NULL,
	related  int8 NOT NULL,
	device   int8 NOT NULL,
	subject  text NOT NULL,
	object   text,
	value    text,
	name     text,
	first_at timestamptz NOT NULL,
	last_at  timestamptz NOT NULL,
	position int8 NOT NULL,
	source   int4 NOT NULL
);
CREATE UNIQUE INDEX known_element ON known (realm, element);
CREATE INDEX known_about ON known (realm, about, kind);
CREATE INDEX known_device ON known (realm, device) WHERE kind <= 2;
COMMENT ON TABLE known IS
	'Facts about devices and accounts, each once with its first and last sighting';
COMMENT ON COLUMN known.realm IS 'realm.id';
COMMENT ON COLUMN known.element IS
	'Keyed hash of all but times and position; of what has an order (kinds 3, 5 to 8) also of its time';
COMMENT ON COLUMN known.kind IS
	'0 device showed caps (object = node#ver), 1 device or node#ver answered disco (value = receipts: has '
	'them), 2 device says its software (name) and release (value), 3 account got its whole roster (object = '
	'name of the list), 4 a list (value: JIDs that may see its presence, one a line), 5 subscription of one '
	'contact (object, value), 6 account blocks object, 7 does so no longer, 8 blocks nobody any more';
COMMENT ON COLUMN known.about IS
	'Keyed hash, as jid.id, of the bare JID of the account, else of the subject';
COMMENT ON COLUMN known.related IS 'The "about" of what the object names; 0: nothing';
COMMENT ON COLUMN known.device IS
	'Keyed hash, as jid.id, of the subject: message.device where that is a device''s full JID';
COMMENT ON COLUMN known.subject IS 'Full JID of the device, bare JID of the account, node#ver, or list';
COMMENT ON COLUMN known.object IS 'What it is about, see kind; kind 1: category/type of the identity';
COMMENT ON COLUMN known.value IS 'See kind';
COMMENT ON COLUMN known.name IS 'Caps node, name of the identity or of the software';
COMMENT ON COLUMN known.first_at IS 'First sighting';
COMMENT ON COLUMN known.last_at IS
	'Last sighting; of lists (kind 4) to the day: retention needs no more';
COMMENT ON COLUMN known.position IS 'Position of the first sighting';
COMMENT ON COLUMN known.source IS 'source.id of the line that was read first';
COMMENT ON INDEX known_element IS 'Identity';
COMMENT ON INDEX known_device IS 'The software of devices, and of node#ver that they show';
COMMENT ON INDEX known_about IS 'All about one account, one node or one list';

CREATE TABLE archive_seen (
	conv   int8 NOT NULL,
	key    int8 NOT NULL,
	device int8 NOT NULL,
	realm  int4 NOT NULL,
	at     timestamptz NOT NULL
);
CREATE UNIQUE INDEX archive_seen_device ON archive_seen (conv, key, device);
CREATE INDEX archive_seen_time ON archive_seen USING brin (at);
COMMENT ON TABLE archive_seen IS 'Which device was given which message out of an archive (E4)';
COMMENT ON COLUMN archive_seen.conv IS 'Conversation of the message, as message.conv';
COMMENT ON COLUMN archive_seen.key IS 'As message.key, whether that is there or not';
COMMENT ON COLUMN archive_seen.device IS 'Keyed hash, as jid.id, of the device''s full JID';
COMMENT ON COLUMN archive_seen.realm IS 'realm.id';
COMMENT ON COLUMN archive_seen.at IS 'First time';
COMMENT ON INDEX archive_seen_device IS 'Identity';
COMMENT ON INDEX archive_seen_time IS 'Retention by age';

CREATE FUNCTION forget_known(before timestamptz) RETURNS int8 LANGUAGE sql
SET search_path = receiptd, pg_catalog, pg_temp AS $$
	WITH facts AS (DELETE FROM known WHERE last_at < before RETURNING 1),
	     seen AS (DELETE FROM archive_seen WHERE at < before RETURNING 1)
	SELECT (SELECT count(*) FROM facts) + (SELECT count(*) FROM seen)
$$;
COMMENT ON FUNCTION forget_known(timestamptz) IS
	'Retention: deletes facts last seen before then, and says how many. Older facts go before newer '
	'ones, so what is left never says more than it did: at worst nothing is known';

COMMENT ON COLUMN message.flags IS
	'Bits: 1 receipt requested, 2 markable, 4 x-event delivered, 8 x-event displayed, 16 '
	'x-event offline, 32 receipt request void, 64 markable void, 128 encrypted, 256 body, '
	'512 no-store, 1024 id given by the room, 2048 x-event composing, 4096 written to a device of the '
	'recipient; plain rows: 8192 receipt, 16384 marker seen on its way out, 32768 receipt, 65536 marker '
	'seen on its way in';
