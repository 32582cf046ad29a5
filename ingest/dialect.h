// SPDX-License-Identifier: Apache-2.0
// A dialect turns the bytes of one kind of log into records. It is a small state machine behind
// one interface: bytes in; stanzas, session facts, gaps and quarantine out. Logs of socket reads go
// through ingest/reassembly.h inside their dialect.
//
// Positions (FAULTS "Position"): offset is that of the record's first byte in the decoded stream,
// index tells records apart that begin in the same place. A dialect never emits a record twice and
// never one that is not complete, except from dialect_end().
//
// Anything that is not a stanza (SASL elements, stream headers, sm acks) is dropped before it is emitted: it
// may hold a password. Threads: one dialect object belongs to one thread.
#ifndef INGEST_DIALECT_H
#define INGEST_DIALECT_H

#include "core/arena.h"
#include "core/settings.h"
#include "core/ztime.h"
#include "pairing/observation.h"

enum record_kind {
	RECORD_STANZA, // xml holds one whole stanza
	RECORD_GAP,    // something is known to be missing: reason, lost (estimate, -1 = unknown)
	RECORD_QUARANTINE, // xml = the raw bytes, reason says why; nothing else could be read
};

struct record {
	enum record_kind kind;
	usec_t at;   // event time, T1b ordinal added; USEC_NONE if the log has no time
	bool at_odd; // time was ambiguous or did not exist (F46, F47)
	enum direction dir;
	struct text
		session; // full JID bound to the stream (in: sender, out: receiver); absent if unknown
	struct text session_key; // the log's name of the connection, absent if it has none
	struct text
		feed; // observations only: the feed named by the line; absent = the source's name
	struct text xml;
	uint64_t offset;
	uint32_t index;
	uint32_t length; // bytes of the log that the record covers
	uint64_t back;   // a stanza of several reads: the first of them begins so far before offset
	const char *reason; // copied
	int64_t lost;
	usec_t since; // gap: what is missing came after this; 0 = after the newest record
};

struct dialect_sink {
	void *self;
	// Texts are valid during the call only.
	void (*record)(void *self, const struct record *record);
	// A changed fact to be kept across restarts: key -> value (session key -> JID, clock ordinals,
	// year). value absent = forget. Written with the position, in the same transaction.
	void (*remember)(void *self, struct text key, struct text value);
	// A line or element that is not ours, counted by kind ("presence", "noise", "plain debug").
	void (*ignored)(void *self, const char *kind);
};

struct dialect_options {
	const struct zone *zone; // for stamps without zone
	int year;        // for stamps without year: that of the first line; 0 = guess from mtime
	usec_t modified; // mtime of the file, bound for guessing the year; USEC_NONE unknown
	const struct realm_settings *rules; // hosts, MUC domains as far as known
	const struct line_format *format;   // for "pattern"; may be NULL
	const char *path;                   // of the file; NULL: it is none
};

struct dialect; // the object, opaque

struct dialect_type {
	const char *name;  // "openfire-audit": the value of a source's dialect setting
	const char *title; // for people
	usec_t precision;  // step of its clock: 1 = microseconds
	// Its lines may bear no time (record.at = USEC_NONE): followed live they get the time at which they
	// were read; what was written before has none.
	bool timeless;
	usec_t flush_allowance; // how late a live file may be (Openfire audit: 120 s)
	// How sure, 0..100, that these first bytes of a file (up to 64 KiB) are of this dialect.
	// *why gets a static sentence for explain, also when the answer is "recognised, but holds no stanzas".
	int (*score)(struct text head, const char **why);
	struct dialect *(*open)(const struct dialect_options *options,
				const struct dialect_sink *sink);
	// A remembered fact, before the first byte.
	void (*recall)(struct dialect *dialect, struct text key, struct text value);
	// data continues the stream at offset (bytes already given are never given again within a run).
	void (*bytes)(struct dialect *dialect, uint64_t offset, struct text data);
	// End of the file as it is now. final: it will never grow (import, rotated): judge the tail.
	void (*end)(struct dialect *dialect, bool final);
	// Start of the oldest incomplete record: a restart reads again from here.
	uint64_t (*low_water)(const struct dialect *dialect);
	// Start of the oldest record or stanza whose end was not read, where low water may lie before it for
	// another reason; NULL: it is low water.
	uint64_t (*unfinished)(const struct dialect *dialect);
	void (*close)(struct dialect *dialect);
};

extern const struct dialect_type
	*const dialect_types[]; // NULL at the end; in ingest/dialects/table.c

uint64_t dialect_unfinished(const struct dialect_type *type, const struct dialect *dialect);
const struct dialect_type *dialect_by_name(struct text name);
// The most certain one, NULL if none reaches 50. *certainty and *why may be NULL.
const struct dialect_type *dialect_detect(struct text head, int *certainty, const char **why);

#endif
