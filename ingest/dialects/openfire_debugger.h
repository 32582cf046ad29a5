// SPDX-License-Identifier: Apache-2.0
// The parts of the Openfire XML debugger dialect, for its own files and its tests only.
//
//   openfire_debugger_lines.c     one line of the log -> what it prints: a table of formats
//   openfire_debugger_half.c      bytes of a connection -> stanzas
//   openfire_debugger_sessions.c  which connection, which stream is whose
//   openfire_debugger_clock.c     the time of a record
//   openfire_debugger_copies.c    raw stanzas that a cut spoiled, until their interpreted copy comes
//   openfire_debugger_stanzas.c   a stanza of a line -> a record: direction, session, or a repeat
//   openfire_debugger_detect.c    is a file of this dialect
//   openfire_debugger.c           lines -> records of connections; what may be text and not a line
#ifndef INGEST_DIALECTS_OPENFIRE_DEBUGGER_H
#define INGEST_DIALECTS_OPENFIRE_DEBUGGER_H

#include "core/buf.h"
#include "ingest/dialect.h"
#include "ingest/markup.h"
#include "ingest/ordinal.h"

// --- lines ---

enum debug_kind {
	DEBUG_NOTHING, // not of this dialect, or a continuation of the line before
	DEBUG_OTHER,   // a line of the server's own log
	DEBUG_RECV,
	DEBUG_SENT,
	DEBUG_OPEN,
	DEBUG_CLOSED,
};

enum debug_peer { DEBUG_CLIENT, DEBUG_COMPONENT, DEBUG_SERVER, DEBUG_MULTIPLEXED };

enum debug_printer {
	DEBUG_RAW,         // what the socket gave or took
	DEBUG_INT,         // what the server understood, with its stream: both directions
	DEBUG_INTERPRETED, // the same without stream: what came in
};

struct debug_line {
	enum debug_kind kind;
	enum debug_printer printer;
	enum debug_peer peer;
	bool whole;        // a record holds whole stanzas: else it is a network read
	bool guessable;    // the connection is named by what its own client knows (ip:port)
	struct text id;    // of the connection; of INT the stream's
	struct text xml;   // absent for OPEN and CLOSED
	struct text stamp; // the plugin's own, absent when it has none
	struct text wall;  // of the server's log around it, absent when there is none
};

void debug_line_read(struct text text, struct debug_line *line);
// What a line of the server's log says; the whole text when it is none.
struct text debug_message(struct text text);
// The server's stamp around a line: a reading and the step of its clock.
bool debug_wall(struct text wall, struct civil *civil, usec_t *step);

// --- stanzas of one connection and direction ---

enum { DEBUG_STANZA_MAX = 1 << 20 };

struct debug_half {
	struct buf bytes;
	size_t at; // what is before is used up
	struct markup markup;
	uint64_t since; // offset of the record that gave the first byte not used up
	usec_t began;   // its time, USEC_NONE = unknown
	bool spoilt;    // a character was cut in what is not used up
	bool stray;     // something was dropped that cannot stand between two stanzas
};

enum debug_step {
	DEBUG_MORE,    // nothing left, or the bytes end inside an element
	DEBUG_STANZA,  // *element is a message, iq or presence
	DEBUG_ELEMENT, // *element is something else: it may hold a password
	DEBUG_BROKEN,  // not well-formed: all bytes are given up
};

void debug_half_add(struct debug_half *half, uint64_t offset, struct text bytes);
// *element is valid until debug_half_used().
enum debug_step debug_half_next(struct debug_half *half, struct text *element);
void debug_half_used(struct debug_half *half, uint64_t offset);
void debug_half_drop(struct debug_half *half); // what is not used up
void debug_half_free(struct debug_half *half);
static inline struct text debug_half_rest(const struct debug_half *half)
{
	struct text all = buf_view(&half->bytes);
	return (struct text){all.p + half->at, all.n - half->at};
}

// --- connections, streams, sessions ---

struct debug_connection {
	struct debug_connection *next;
	char *id;
	char *jid;        // full JID that is bound, NULL = not known
	char *stream;     // its stream's id, NULL = not known
	bool told;        // a gap was told: not all of it is in the log
	bool wrote;       // a written element was seen
	unsigned missing; // records without their bytes
	uint64_t seen;
	struct debug_half read, written;
};

struct debug_sessions; // opaque

struct debug_sessions *debug_sessions_new(const struct dialect_sink *sink,
					  const struct string_list *hosts);
void debug_sessions_free(struct debug_sessions *sessions);
void debug_sessions_recall(struct debug_sessions *sessions, struct text key, struct text value);

struct debug_connection *debug_connection(struct debug_sessions *sessions, struct text id);
struct debug_connection *debug_connection_find(struct debug_sessions *sessions, struct text id);
void debug_connection_tell(struct debug_sessions *sessions, struct debug_connection *connection);
void debug_connection_wrote(struct debug_sessions *sessions, struct debug_connection *connection);
void debug_connection_bind(struct debug_sessions *sessions, struct debug_connection *connection,
			   struct text jid);
// The client begins anew: no resource is bound.
void debug_connection_unbind(struct debug_sessions *sessions, struct debug_connection *connection);
void debug_connection_end(struct debug_sessions *sessions, struct debug_connection *connection);
// All of them, one after the other; stops when visit says false.
void debug_connections(struct debug_sessions *sessions, void *self,
		       bool (*visit)(void *self, struct debug_connection *connection));

// The head of its stream as the server wrote it.
void debug_connection_head(struct debug_sessions *sessions, struct debug_connection *connection,
			   struct text stream);
// XEP-0198: goes on with the session of an earlier stream.
void debug_connection_resume(struct debug_sessions *sessions, struct debug_connection *connection,
			     struct text stream);
// The raw bytes of a component of that domain are in the log.
void debug_component_is_raw(struct debug_sessions *sessions, struct text domain);

// A stream whose raw bytes are in the log: what is interpreted of it is a repeat.
bool debug_stream_raw(struct debug_sessions *sessions, struct text stream);
void debug_stream_bind(struct debug_sessions *sessions, struct text stream, struct text jid);
struct text debug_stream_jid(struct debug_sessions *sessions, struct text stream);
// A raw connection has this session now, or (ever) had it.
bool debug_jid_raw(struct debug_sessions *sessions, struct text jid, bool ever);
bool debug_is_host(const struct debug_sessions *sessions, struct text domain);
// Interpreted lines were seen, with streams (both directions) or without (what came in).
bool debug_sees(const struct debug_sessions *sessions, enum debug_printer printer);
void debug_saw(struct debug_sessions *sessions, enum debug_printer printer);

// --- copies that are waited for ---

enum { DEBUG_COPIES = 16, DEBUG_COPY_WAIT = 256 };

struct debug_copy {
	struct buf session, xml;
	uint64_t since;  // offset where its stanza began
	uint32_t waited; // records
};

struct debug_copies {
	struct debug_copy list[DEBUG_COPIES];
	size_t count;
};

void debug_copies_add(struct debug_copies *copies, struct text session, struct text xml,
		      uint64_t since);
// The place of the spoilt stanza that an interpreted one repeats, copies->count when there is none.
size_t debug_copies_find(const struct debug_copies *copies, struct text session, struct text xml);
void debug_copies_remove(struct debug_copies *copies, size_t place);
void debug_copies_free(struct debug_copies *copies);

// --- the dialect ---

struct debug_clock { // all that times depend on
	struct ordinals ordinals;
	usec_t last; // newest stamp
};

// A restart from a half stanza has to count again from there: what the clock was before the records
// that stanzas begin in.
enum { DEBUG_PINS = 256 };

struct debug_pins {
	struct debug_pin {
		uint64_t offset;
		struct debug_clock clock;
	} list[DEBUG_PINS];
	size_t count;
};

struct debug_record { // what is printed by one line and its continuations
	struct debug_line line;
	struct buf id;
	uint64_t offset, length;
	uint64_t back;    // of the stanza at hand, as of struct record
	uint32_t index;   // of the next record that is given out for it
	usec_t stamp, at; // of the next record that is given out
	usec_t step;      // of the clock
	bool odd, suspect;
};

void debug_clock_init(struct debug_clock *clock);
void debug_clock_save(const struct debug_clock *clock, struct buf *out);
void debug_clock_load(struct debug_clock *clock, struct text value);
void debug_time(struct debug_clock *clock, const struct zone *zone, struct debug_record *record);
// low: what is before is not needed any more.
void debug_pin(struct debug_pins *pins, uint64_t offset, const struct debug_clock *before,
	       uint64_t low);
// NULL: no stanza began there.
const struct debug_clock *debug_pinned(const struct debug_pins *pins, uint64_t low);

// A stanza of a record.
struct debug_stanza {
	const struct debug_record *record;
	struct debug_connection *connection; // raw only
	struct text xml;
	uint64_t since;
	bool spoilt;
};

// Half stanzas and copies that began in one record and were done with in a later one: a restart between the two
// would not know of them, so low water never lies there.
struct debug_spans {
	struct debug_span *list;
	size_t count, capacity;
};

void debug_span(struct debug_spans *spans, uint64_t begin, uint64_t end);
// The place at or before low, not before least, that none of them lies over.
uint64_t debug_spans_low(const struct debug_spans *spans, uint64_t low, uint64_t least);
void debug_spans_forget(struct debug_spans *spans, uint64_t low); // those before
void debug_spans_free(struct debug_spans *spans);

struct debug_judge { // what openfire_debugger_stanzas.c needs
	const struct realm_settings *rules;
	struct dialect_sink sink;
	struct debug_sessions *sessions;
	struct debug_copies copies;
	struct debug_spans spans;
	struct debug_clock clock;
	struct arena *arena; // of the record at hand
};

// What is of use: messages, K18, K19, what operators declare, rooms.
bool debug_is_wanted(const struct realm_settings *rules, struct text xml);
void debug_stanza(struct debug_judge *judge, struct debug_record *record,
		  const struct debug_stanza *stanza);
// An element that the server wrote and that is no stanza.
void debug_element(struct debug_judge *judge, const struct debug_stanza *element);
// Bytes as they are printed: the head of a stream is in them.
void debug_head(struct debug_judge *judge, const struct debug_record *record,
		struct debug_connection *connection);
// Bytes that the log should have and has not.
void debug_missing(struct debug_judge *judge, struct debug_record *record,
		   struct debug_connection *connection, bool ends);
void debug_quarantine(struct debug_judge *judge, struct debug_record *record, const char *reason);
void debug_gap(struct debug_judge *judge, struct debug_record *record, const char *reason);
// A record has passed: copies that did not come are given up. all: there will be no more.
void debug_copies_pass(struct debug_judge *judge, struct debug_record *record, bool all);

int debug_score(struct text head, const char **why);

#endif
