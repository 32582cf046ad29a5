-- SPDX-License-Identifier: Apache-2.0
-- Private acknowledgements: conventions of apps that an operator declares. Rows name them by number,
-- so a number belongs to a name for ever.
CREATE TABLE private_ack (
	realm  int4 NOT NULL,
	number int2 NOT NULL,
	name   text NOT NULL
);
CREATE UNIQUE INDEX private_ack_number ON private_ack (realm, number);
CREATE UNIQUE INDEX private_ack_name ON private_ack (realm, name);
COMMENT ON TABLE private_ack IS
	'Numbers of the private acknowledgements that a realm has or had';
COMMENT ON COLUMN private_ack.realm IS 'realm.id';
COMMENT ON COLUMN private_ack.number IS
	'0 to 59: message.delivered_via and displayed_via less 64, ack.via less 1';
COMMENT ON COLUMN private_ack.name IS 'Name of the section in the configuration file';
COMMENT ON INDEX private_ack_number IS 'From the code in a row to the name';
COMMENT ON INDEX private_ack_name IS 'One number per name';

-- What asks for delivery now also is a private request.
DROP INDEX message_open;
CREATE INDEX message_open ON message (sent_at)
	WHERE state < 4 AND (flags & 1048581) <> 0 AND id IS NOT NULL;
DO $$
DECLARE
	part regclass;
BEGIN
	FOR part IN SELECT indexrelid FROM pg_index WHERE indexrelid = 'message_open'::regclass
		OR indexrelid IN (SELECT inhrelid FROM pg_inherits WHERE inhparent = 'message_open'::regclass)
	LOOP
		EXECUTE format('COMMENT ON INDEX %s IS %L', part,
			'Asked for a sign of delivery, can be answered, not answered yet: oldest first');
	END LOOP;
END $$;
COMMENT ON COLUMN message.flags IS
	'Bits: 1 receipt requested, 2 markable, 4 x-event delivered, 8 x-event displayed, 16 '
	'x-event offline, 32 receipt request void, 64 markable void, 128 encrypted, 256 body, '
	'512 no-store, 1024 id given by the room, 2048 x-event composing, 4096 out line, 1048576 '
	'private request of delivery, 2097152 of display, 4194304 and 8388608 the same void';
COMMENT ON COLUMN message.delivered_via IS
	'What delivered_at stands on: 0 none, 1 receipt, 2 marker, 3 xevent, 4 upto, 5 implied, '
	'6 state, 7 content, 8 reaction, 9 reply, 10 mds, from 64 on a private acknowledgement '
	'(64 + private_ack.number)';
COMMENT ON COLUMN ack.kind IS
	'0 receipt, 1 marker received, 2 marker displayed, 3 marker acknowledged, 4 x-event '
	'offline, 5 x-event delivered, 6 x-event displayed, 7 error, 8 amp stored, 9 amp none, '
	'10 retraction, 11 reaction, 12 reply, 13 displayed on another own device (MDS), 14 fault of a '
	'room stanza (condition names the rule). Private ones: 0 delivered, 6 displayed';
COMMENT ON COLUMN ack.via IS
	'0: standard; else a private acknowledgement, 1 + private_ack.number';
