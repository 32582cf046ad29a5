-- SPDX-License-Identifier: Apache-2.0
-- The frame of the fact schema: where facts come from, how far each source was read, what could
-- not be, and who may look. No sequences and no foreign keys, so that the same tables can be spread
-- over several nodes. Identities are 64-bit keyed hashes (pairing key, table instance). All times
-- are UTC instants with microseconds.

CREATE SCHEMA receiptd;
COMMENT ON SCHEMA receiptd IS 'receiptd: message facts, receipts and the positions they come from';

SET LOCAL search_path = receiptd, pg_catalog;

-- ledger and instance -----------------------------------------------------------------------------

CREATE TABLE receiptd_migration (
	number     int4 NOT NULL,
	name       text NOT NULL,
	sha256     bytea NOT NULL CHECK (length(sha256) = 32),
	applied_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE UNIQUE INDEX receiptd_migration_number ON receiptd_migration (number);
COMMENT ON TABLE receiptd_migration IS 'Ledger: which migration files made this schema';
COMMENT ON COLUMN receiptd_migration.number IS 'Number of the file, 1, 2, 3 without holes';
COMMENT ON COLUMN receiptd_migration.name IS 'Name of the file without .sql';
COMMENT ON COLUMN receiptd_migration.sha256 IS
	'SHA-256 of the file as it was applied; another hash is refused';
COMMENT ON COLUMN receiptd_migration.applied_at IS
	'When its transaction ran, clock of the database';
COMMENT ON INDEX receiptd_migration_number IS 'A file is applied once';

CREATE TABLE instance (
	single              boolean NOT NULL DEFAULT true CHECK (single),
	pairing_key         bytea NOT NULL CHECK (length(pairing_key) = 16),
	created_at          timestamptz NOT NULL DEFAULT clock_timestamp(),
	privacy_fingerprint bytea
);
CREATE UNIQUE INDEX instance_single ON instance (single);
COMMENT ON TABLE instance IS 'One row: what all ingesters of this database share';
COMMENT ON COLUMN instance.single IS 'Always true: there is one row';
COMMENT ON COLUMN instance.pairing_key IS
	'SipHash key of every identity hash; made once, never changed';
COMMENT ON COLUMN instance.created_at IS 'When the database was first used, clock of the database';
COMMENT ON COLUMN instance.privacy_fingerprint IS
	'SHA-256 of the privacy key; null until a key is used';
COMMENT ON INDEX instance_single IS 'Makes a second row impossible';

-- realms, accounts --------------------------------------------------------------------------------

CREATE TABLE realm (
	id         int4 NOT NULL,
	name       text NOT NULL,
	rules      jsonb NOT NULL,
	created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE UNIQUE INDEX realm_id ON realm (id);
CREATE UNIQUE INDEX realm_name ON realm (name);
COMMENT ON TABLE realm IS
	'A set of sources that see one and the same XMPP world; pairing never crosses it';
COMMENT ON COLUMN realm.id IS '1, 2, 3: greatest + 1 under an advisory lock';
COMMENT ON COLUMN realm.name IS 'The setting "realm"';
COMMENT ON COLUMN realm.rules IS
	'Realm settings as last given: windows in seconds, MUC domains, hosts, wrapper feeds';
COMMENT ON COLUMN realm.created_at IS 'Clock of the database';
COMMENT ON INDEX realm_id IS 'Identity';
COMMENT ON INDEX realm_name IS 'Look-up by name at start';

CREATE TABLE realm_rules (
	realm        int4 NOT NULL,
	after_commit int8 NOT NULL,
	rules        jsonb NOT NULL,
	given_at     timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE UNIQUE INDEX realm_rules_realm ON realm_rules (realm, after_commit);
COMMENT ON TABLE realm_rules IS
	'With which settings a realm was written: a change of them leaves what is stored as it is';
COMMENT ON COLUMN realm_rules.realm IS 'realm.id';
COMMENT ON COLUMN realm_rules.after_commit IS
	'They count for batches after this commit number, until the next row';
COMMENT ON COLUMN realm_rules.rules IS 'As realm.rules';
COMMENT ON COLUMN realm_rules.given_at IS 'When they were first given, clock of the database';
COMMENT ON INDEX realm_rules_realm IS 'Identity: what no batch was written with is replaced';

CREATE TABLE jid (
	id     int8 NOT NULL,
	jid    text NOT NULL,
	domain text NOT NULL
);
CREATE UNIQUE INDEX jid_id ON jid (id);
CREATE INDEX jid_text ON jid (jid COLLATE "C");
COMMENT ON TABLE jid IS 'Text of every bare JID, room and occupant JID that a fact names by hash';
COMMENT ON COLUMN jid.id IS 'Keyed hash of the text';
COMMENT ON COLUMN jid.jid IS 'Normalised JID; compared on every hash hit';
COMMENT ON COLUMN jid.domain IS 'Its domain part';
COMMENT ON INDEX jid_id IS 'From hash to text';
COMMENT ON INDEX jid_text IS 'Names that begin so: offered to whoever types one';

-- sources and how far they were read --------------------------------------------------------------

CREATE TABLE source (
	id              int4 NOT NULL,
	realm           int4 NOT NULL,
	name            text NOT NULL,
	dialect         text NOT NULL,
	path            text,
	live            boolean NOT NULL,
	flush_allowance int8 NOT NULL DEFAULT 2000000,
	checked_at      timestamptz,
	state           text,
	state_at        timestamptz,
	note            text,
	gone_at         timestamptz
);
CREATE UNIQUE INDEX source_id ON source (id);
CREATE UNIQUE INDEX source_name ON source (realm, name);
COMMENT ON TABLE source IS 'A configured log, an imported file or a feed';
COMMENT ON COLUMN source.id IS '1, 2, 3: greatest + 1 under an advisory lock';
COMMENT ON COLUMN source.realm IS 'realm.id';
COMMENT ON COLUMN source.name IS 'Name of its section, or the path of an imported file';
COMMENT ON COLUMN source.dialect IS 'Dialect by which it is read; empty for a feed';
COMMENT ON COLUMN source.path IS 'File or pattern; null for a feed';
COMMENT ON COLUMN source.live IS
	'It is followed: it bounds complete_until (a finished import does not)';
COMMENT ON COLUMN source.flush_allowance IS
	'Microseconds by which its writer may be late with a line';
COMMENT ON COLUMN source.checked_at IS
	'Last look at its end of file, clock of the ingester; null: never';
COMMENT ON COLUMN source.state IS
	'Followed sources: following, behind, silent (no stanzas), waiting (no file or connection), failing, refused (by a server), full (spool); else null';
COMMENT ON COLUMN source.state_at IS 'Since when';
COMMENT ON COLUMN source.note IS 'Why, in words';
COMMENT ON COLUMN source.gone_at IS
	'When lines that are not read yet are expected to be rotated away; null: not known';
COMMENT ON INDEX source_id IS 'Identity';
COMMENT ON INDEX source_name IS 'Look-up by name at start';

CREATE TABLE generation (
	id        int4 NOT NULL,
	realm     int4 NOT NULL,
	source    int4 NOT NULL,
	path      text NOT NULL,
	head_len  int4 NOT NULL,
	head      bytea NOT NULL,
	tail_len  int4 NOT NULL DEFAULT 0,
	tail      bytea NOT NULL DEFAULT '',
	low_water int8 NOT NULL DEFAULT 0,
	size      int8 NOT NULL DEFAULT 0,
	first_at  timestamptz,
	last_at   timestamptz,
	records   int8 NOT NULL DEFAULT 0,
	stanzas   int8 NOT NULL DEFAULT 0,
	finished  boolean NOT NULL DEFAULT false,
	reader    int4 NOT NULL,
	opened_at timestamptz NOT NULL DEFAULT clock_timestamp(),
	read_at   timestamptz,
	grown_at  timestamptz
);
CREATE UNIQUE INDEX generation_id ON generation (id);
COMMENT ON TABLE generation IS 'One life of one file, proven by content and never by name or inode';
COMMENT ON COLUMN generation.id IS
	'1, 2, 3: greatest + 1 under an advisory lock; the upper bits of every position';
COMMENT ON COLUMN generation.realm IS 'realm.id';
COMMENT ON COLUMN generation.source IS
	'source.id under which it was first read: all that it gives belongs to that one';
COMMENT ON COLUMN generation.path IS 'Path under which it was first read';
COMMENT ON COLUMN generation.head_len IS 'Bytes hashed in head, at most 4096';
COMMENT ON COLUMN generation.head IS 'SHA-256 of the first head_len bytes';
COMMENT ON COLUMN generation.tail_len IS 'Bytes hashed in tail, at most 4096';
COMMENT ON COLUMN generation.tail IS
	'SHA-256 of the tail_len bytes before low_water; empty: nothing was read yet';
COMMENT ON COLUMN generation.low_water IS
	'Byte offset in the decoded stream: a restart reads again from here';
COMMENT ON COLUMN generation.size IS 'Bytes of the file when last looked at, for the lag';
COMMENT ON COLUMN generation.first_at IS 'Earliest record time';
COMMENT ON COLUMN generation.last_at IS 'Latest record time';
COMMENT ON COLUMN generation.records IS 'Records taken from it';
COMMENT ON COLUMN generation.stanzas IS 'Stanzas taken from it';
COMMENT ON COLUMN generation.finished IS 'Read to its end and closed: it will not grow';
COMMENT ON COLUMN generation.reader IS 'source.id under which it was last read';
COMMENT ON COLUMN generation.opened_at IS 'When it was first seen, clock of the database';
COMMENT ON COLUMN generation.read_at IS 'When it was last read, clock of the database';
COMMENT ON COLUMN generation.grown_at IS
	'When it last gave a record, clock of the database; null: never';
COMMENT ON INDEX generation_id IS 'Identity';

CREATE TABLE lane (
	id          int2 NOT NULL,
	first_shard int2 NOT NULL,
	last_shard  int2 NOT NULL,
	fence       int8 NOT NULL DEFAULT 0,
	commit      int8 NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX lane_id ON lane (id);
COMMENT ON TABLE lane IS
	'A writer with its own set of conversations; its row is locked by every batch';
COMMENT ON COLUMN lane.id IS '0 also holds gaps, quarantine and line counters';
COMMENT ON COLUMN lane.first_shard IS 'First of its shards; shard = conv & 63';
COMMENT ON COLUMN lane.last_shard IS 'Last of its shards, inclusive';
COMMENT ON COLUMN lane.fence IS
	'Grows with every new holder of the lane; a batch of an older holder is refused';
COMMENT ON COLUMN lane.commit IS 'Greatest commit number given out';
COMMENT ON INDEX lane_id IS 'Identity';
INSERT INTO lane (id, first_shard, last_shard) VALUES (0, 0, 31), (1, 32, 63);

CREATE TABLE lane_mark (
	lane        int2 NOT NULL,
	generation  int4 NOT NULL,
	mark_offset int8 NOT NULL,
	mark_index  int4 NOT NULL
);
CREATE UNIQUE INDEX lane_mark_generation ON lane_mark (lane, generation);
COMMENT ON TABLE lane_mark IS
	'Up to where a lane holds the records of a generation; written with the rows';
COMMENT ON COLUMN lane_mark.lane IS 'lane.id';
COMMENT ON COLUMN lane_mark.generation IS 'generation.id';
COMMENT ON COLUMN lane_mark.mark_offset IS
	'Records at or below (mark_offset, mark_index) are in; bytes';
COMMENT ON COLUMN lane_mark.mark_index IS 'Tells records apart that begin at one offset';
COMMENT ON INDEX lane_mark_generation IS 'One mark per lane and generation';

CREATE TABLE batch (
	commit   int8 NOT NULL,
	lane     int2 NOT NULL,
	at       timestamptz NOT NULL DEFAULT clock_timestamp(),
	realm    int4 NOT NULL,
	events   int8 NOT NULL,
	inserted int8 NOT NULL,
	updated  int8 NOT NULL,
	spans    timestamptz[] NOT NULL
);
CREATE UNIQUE INDEX batch_commit ON batch (commit);
COMMENT ON TABLE batch IS 'One row per committed batch: the order in which rows became visible';
COMMENT ON COLUMN batch.commit IS 'Commit number, rises by one per batch';
COMMENT ON COLUMN batch.lane IS 'lane.id';
COMMENT ON COLUMN batch.at IS 'Clock of the database just before the commit';
COMMENT ON COLUMN batch.realm IS 'realm.id';
COMMENT ON COLUMN batch.events IS 'Records in the batch';
COMMENT ON COLUMN batch.inserted IS 'New message rows';
COMMENT ON COLUMN batch.updated IS 'Changed message rows, moved ones too';
COMMENT ON COLUMN batch.spans IS
	'Few spans of time (begin, end, inclusive) that hold message.sent_at of all rows that it wrote: live '
	'views look there for message.commit, which has no index';
COMMENT ON INDEX batch_commit IS 'Identity, and the newest first';

CREATE TABLE dialect_fact (
	generation int4 NOT NULL,
	at_end     boolean NOT NULL,
	key        text NOT NULL,
	value      text NOT NULL
);
CREATE UNIQUE INDEX dialect_fact_key ON dialect_fact (generation, at_end, key);
COMMENT ON TABLE dialect_fact IS
	'What a dialect knows at low_water of a generation, for whoever reads on: connection to JID, '
	'clock ordinals. A new file begins with those of the one that its source read before';
COMMENT ON COLUMN dialect_fact.generation IS 'generation.id';
COMMENT ON COLUMN dialect_fact.at_end IS
	'True: as it is when nothing follows in this file, for the next one alone';
COMMENT ON COLUMN dialect_fact.key IS 'The dialect''s own name of the fact';
COMMENT ON COLUMN dialect_fact.value IS
	'The fact; a forgotten one has no row, or with at_end no text';
COMMENT ON INDEX dialect_fact_key IS 'Identity';

CREATE TABLE line_counter (
	realm  int4 NOT NULL,
	source int4 NOT NULL,
	day    date NOT NULL,
	name   text NOT NULL,
	n      int8 NOT NULL
);
CREATE UNIQUE INDEX line_counter_day ON line_counter (realm, source, day, name);
COMMENT ON TABLE line_counter IS
	'Counters of lines, not of messages (unparsable, ignored, carbons, archive and so on)';
COMMENT ON COLUMN line_counter.realm IS 'realm.id';
COMMENT ON COLUMN line_counter.source IS 'source.id; 0: not told apart';
COMMENT ON COLUMN line_counter.day IS 'UTC day of the lines';
COMMENT ON COLUMN line_counter.name IS 'Name of the counter';
COMMENT ON COLUMN line_counter.n IS 'Lines';
COMMENT ON INDEX line_counter_day IS 'Identity';

-- what could not be read --------------------------------------------------------------------------

CREATE TABLE gap (
	realm       int4 NOT NULL,
	source      int4 NOT NULL,
	generation  int4 NOT NULL,
	from_offset int8 NOT NULL,
	to_offset   int8 NOT NULL,
	from_at     timestamptz,
	to_at       timestamptz,
	cause       text NOT NULL,
	lost        int8,
	at_end      boolean NOT NULL DEFAULT false,
	found_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
	commit      int8 NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX gap_place ON gap (source, generation, from_offset);
COMMENT ON TABLE gap IS
	'What is known to be missing: every number that overlaps it is marked incomplete';
COMMENT ON COLUMN gap.realm IS 'realm.id';
COMMENT ON COLUMN gap.source IS 'source.id';
COMMENT ON COLUMN gap.generation IS 'generation.id; 0: a feed';
COMMENT ON COLUMN gap.from_offset IS 'First missing byte of the decoded stream';
COMMENT ON COLUMN gap.to_offset IS 'First byte after it';
COMMENT ON COLUMN gap.from_at IS 'Last record time before it; null: unknown';
COMMENT ON COLUMN gap.to_at IS 'First record time after it; null: unknown';
COMMENT ON COLUMN gap.cause IS 'Why';
COMMENT ON COLUMN gap.lost IS 'Estimate of the records missing; null: unknown';
COMMENT ON COLUMN gap.at_end IS
	'True: only because nothing follows in its file; goes when the file grows or the next one goes on with the record';
COMMENT ON COLUMN gap.found_at IS 'Clock of the database';
COMMENT ON COLUMN gap.commit IS
	'batch.commit that wrote the row last, or the next one; 0: nobody who writes gaps';
COMMENT ON INDEX gap_place IS 'Identity: a replay finds the same gap in the same place';

CREATE TABLE quarantine (
	realm      int4 NOT NULL,
	source     int4 NOT NULL,
	generation int4 NOT NULL,
	"offset"   int8 NOT NULL,
	"index"    int4 NOT NULL,
	length     int8 NOT NULL,
	at         timestamptz,
	reason     text NOT NULL,
	raw        bytea NOT NULL,
	at_end     boolean NOT NULL DEFAULT false,
	other_half int4,
	found_at   timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX quarantine_at_end ON quarantine (generation) WHERE at_end;
CREATE UNIQUE INDEX quarantine_place ON quarantine (generation, "offset", "index");
COMMENT ON TABLE quarantine IS 'Records that could not be used; never shown through the API';
COMMENT ON COLUMN quarantine.realm IS 'realm.id';
COMMENT ON COLUMN quarantine.source IS 'source.id';
COMMENT ON COLUMN quarantine.generation IS 'generation.id';
COMMENT ON COLUMN quarantine."offset" IS 'First byte in the decoded stream';
COMMENT ON COLUMN quarantine."index" IS 'Tells records apart that begin at one offset';
COMMENT ON COLUMN quarantine.length IS 'Bytes of the whole record';
COMMENT ON COLUMN quarantine.at IS 'Record time; null: unknown';
COMMENT ON COLUMN quarantine.reason IS 'Reason code';
COMMENT ON COLUMN quarantine.raw IS
	'The bytes, or their beginning; text masked unless bodies = full';
COMMENT ON COLUMN quarantine.at_end IS
	'True: only because nothing follows in its file; goes when the file grows or the next one goes on with the record';
COMMENT ON COLUMN quarantine.other_half IS
	'generation.id of the file that may hold the other half of the record; null: none is known';
COMMENT ON COLUMN quarantine.found_at IS 'Clock of the database';
COMMENT ON INDEX quarantine_at_end IS 'Which files end inside a record: asked for each new file';
COMMENT ON INDEX quarantine_place IS 'Identity: a replay finds the same record in the same place';

CREATE TABLE quarantine_range (
	realm       int4 NOT NULL,
	source      int4 NOT NULL,
	generation  int4 NOT NULL,
	reason      text NOT NULL,
	block       int8 NOT NULL,
	from_offset int8 NOT NULL,
	to_offset   int8 NOT NULL,
	last_offset int8 NOT NULL,
	last_index  int4 NOT NULL,
	records     int8 NOT NULL,
	from_at     timestamptz,
	to_at       timestamptz,
	found_at    timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE UNIQUE INDEX quarantine_range_place ON quarantine_range (generation, source, reason, block);
COMMENT ON TABLE quarantine_range IS
	'Records that could not be used, of a generation that has more of them than quarantine holds rows for: counted only';
COMMENT ON COLUMN quarantine_range.realm IS 'realm.id';
COMMENT ON COLUMN quarantine_range.source IS 'source.id';
COMMENT ON COLUMN quarantine_range.generation IS 'generation.id';
COMMENT ON COLUMN quarantine_range.reason IS 'Reason code';
COMMENT ON COLUMN quarantine_range.block IS 'Which 64 MiB of the decoded stream: from_offset / 67108864';
COMMENT ON COLUMN quarantine_range.from_offset IS 'First byte of the first record';
COMMENT ON COLUMN quarantine_range.to_offset IS 'First byte after the last record';
COMMENT ON COLUMN quarantine_range.last_offset IS 'First byte of the last record';
COMMENT ON COLUMN quarantine_range.last_index IS 'Its index: what is read again up to here is not counted again';
COMMENT ON COLUMN quarantine_range.records IS 'How many; others may lie between them';
COMMENT ON COLUMN quarantine_range.from_at IS 'Earliest record time; null: unknown';
COMMENT ON COLUMN quarantine_range.to_at IS 'Latest record time; null: unknown';
COMMENT ON COLUMN quarantine_range.found_at IS 'Clock of the database, when the range began';
COMMENT ON INDEX quarantine_range_place IS 'Identity: one range per reason and 64 MiB';

-- access ------------------------------------------------------------------------------------------

CREATE TABLE token (
	name       text NOT NULL,
	sha256     bytea NOT NULL CHECK (length(sha256) = 32),
	scopes     int4 NOT NULL,
	domains    text[] NOT NULL DEFAULT '{}',
	created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
	expires_at timestamptz,
	revoked_at timestamptz,
	used_at    timestamptz
);
CREATE UNIQUE INDEX token_name ON token (name);
CREATE UNIQUE INDEX token_sha256 ON token (sha256);
COMMENT ON TABLE token IS 'Bearer tokens of the API, as hashes only';
COMMENT ON COLUMN token.name IS 'Name for people and for the access log';
COMMENT ON COLUMN token.sha256 IS
	'SHA-256 of the token; the token itself is shown once and never stored';
COMMENT ON COLUMN token.scopes IS
	'Bits: 1 metrics, 2 messages, 4 bodies, 8 reports, 16 feed, 32 admin';
COMMENT ON COLUMN token.domains IS 'Limited to these domains; empty: all';
COMMENT ON COLUMN token.created_at IS 'Clock of the database';
COMMENT ON COLUMN token.expires_at IS 'Refused from then on; null: never';
COMMENT ON COLUMN token.revoked_at IS 'When it was taken back; null: it is good';
COMMENT ON COLUMN token.used_at IS 'Last use, to the minute; null: never';
COMMENT ON INDEX token_name IS 'Identity';
COMMENT ON INDEX token_sha256 IS 'Look-up at every request';

CREATE TABLE access_log (
	id     int8 NOT NULL,
	at     timestamptz NOT NULL DEFAULT clock_timestamp(),
	token  text NOT NULL,
	route  text NOT NULL,
	filter text NOT NULL,
	bodies boolean NOT NULL,
	rows   int8
);
CREATE UNIQUE INDEX access_log_id ON access_log (id);
CREATE INDEX access_log_at ON access_log USING brin (at);
COMMENT ON TABLE access_log IS 'Who read messages: the intent is written before the answer starts';
COMMENT ON COLUMN access_log.id IS 'Random number';
COMMENT ON COLUMN access_log.at IS 'When the request came, clock of the database';
COMMENT ON COLUMN access_log.token IS 'token.name';
COMMENT ON COLUMN access_log.route IS 'Route of the request';
COMMENT ON COLUMN access_log.filter IS 'Its parameters';
COMMENT ON COLUMN access_log.bodies IS 'Bodies were part of the answer';
COMMENT ON COLUMN access_log.rows IS 'Rows that were sent; null: the answer was not finished';
COMMENT ON INDEX access_log_id IS 'Identity, for the count after the answer';
COMMENT ON INDEX access_log_at IS 'Reading it by time';
