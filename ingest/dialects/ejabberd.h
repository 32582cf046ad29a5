// SPDX-License-Identifier: Apache-2.0
// The parts of the ejabberd dialects, for their own files and their tests only.
//
//   ejabberd_terms.c     <<"...">> and <<60,109,...>> -> bytes
//   ejabberd_lines.c     first line of a record -> stamp, process, text
//   ejabberd_records.c   records of sockets, over many lines
//   ejabberd_marks.c     the number of a record within its stamp, across restarts
//   ejabberd_sessions.c  which process is whose connection
//   ejabberd_gaps.c      lines that the logger dropped: said, or seen by what is missing
//   ejabberd_detect.c    is it one, and of which logger
//   ejabberd_stanzas.c   puts them together: lines -> records
//   ejabberd_debug.c     behind struct dialect_type; what a restart must know
#ifndef INGEST_DIALECTS_EJABBERD_H
#define INGEST_DIALECTS_EJABBERD_H

#include "core/buf.h"
#include "ingest/dialect.h"
#include "ingest/dialects/later.h"
#include "ingest/lines.h"
#include "ingest/ordinal.h"

// --- terms ---

enum ejabberd_term {
	TERM_WHOLE,
	TERM_CUT, // ends in "..." (102,400 characters), or without an end: out has what is certain
	TERM_UNKNOWN // no binary: out is empty
};

// term is all text behind "stream = ", continuation lines with their newlines included.
enum ejabberd_term ejabberd_term(struct text term, struct buf *out);
// True when the last line of a term is its end, so that no other line has to be waited for.
bool ejabberd_term_ends(struct text line);

// --- lines ---

struct ejabberd_line {
	struct text stamp, level;
	struct text process;  // "<0.652.0>"; absent in some lines
	struct text location; // "ejabberd_c2s:bind/2:450", may be absent
	struct text socket;   // "tcp", "tls" or the whole "{socket_state,...}", may be absent
	struct text peer;     // the process that the socket names, may be absent
	struct text text;     // the rest
};

// False: not the first line of a record.
bool ejabberd_line(struct text line, struct ejabberd_line *parts);
// What the connection is called: the socket's process, else the line's.
struct text ejabberd_connection(const struct ejabberd_line *parts);

struct ejabberd_clock {
	const struct zone *zone, *utc;
	usec_t latest; // USEC_NONE
};

// USEC_NONE: not understood. Without an offset it is a reading of the zone.
usec_t ejabberd_stamp(struct ejabberd_clock *clock, struct text stamp, bool *odd);

// --- records of sockets ---

struct ejabberd_record { // one whose end has not been seen
	bool open, received, too_long, cut;
	uint64_t offset, length;
	struct buf connection, stamp, term;
};

// False: the line is none.
bool ejabberd_record_open(struct ejabberd_record *record, const struct ejabberd_line *parts,
			  const struct line *line);
void ejabberd_record_continue(struct ejabberd_record *record, const struct line *line);
void ejabberd_record_free(struct ejabberd_record *record);

// --- ordinals of the coarse clock ---

struct ejabberd_mark { // what was known of time before a place of the log
	uint64_t offset;
	struct ordinals ordinals; // of a coarse clock only
	usec_t newest;            // stamp, and the one before the last silence; USEC_NONE
	usec_t before_silence;
};

struct ejabberd_marks {
	struct ejabberd_mark *list;
	size_t count;
	struct buf told_clock, told_seen;
};

// Where reading begins, or goes on after a restart.
void ejabberd_marks_begin(struct ejabberd_marks *marks, const struct ejabberd_mark *now);
// now: what lies before its offset was read. Remembers what was known at the place that is returned, which
// is low or before.
uint64_t ejabberd_marks_save(struct ejabberd_marks *marks, const struct ejabberd_mark *now,
			     uint64_t low, const struct dialect_sink *sink);
// False: it is another fact.
bool ejabberd_marks_recall(struct ejabberd_marks *marks, struct ejabberd_mark *now, struct text key,
			   struct text value);
void ejabberd_marks_free(struct ejabberd_marks *marks);

// --- sessions ---

enum ejabberd_kind { PEER_UNKNOWN, PEER_CLIENT, PEER_SERVER, PEER_COMPONENT };

struct ejabberd_peer {
	enum ejabberd_kind kind;
	struct text jid; // bound full JID of a client, absent if unknown
	bool asleep;     // XEP-0198: the connection is gone, the session waits
};

enum ejabberd_event {
	EVENT_NONE,
	EVENT_ENDED,    // the connection is gone (or another one has its name now)
	EVENT_RESTARTED // the server: all of them
};

struct ejabberd_sessions; // opaque

struct ejabberd_sessions *ejabberd_sessions_new(const struct dialect_sink *sink);
void ejabberd_sessions_free(struct ejabberd_sessions *sessions);
void ejabberd_sessions_recall(struct ejabberd_sessions *sessions, struct text key,
			      struct text value);
enum ejabberd_event ejabberd_sessions_line(struct ejabberd_sessions *sessions,
					   const struct ejabberd_line *line);
// Bytes of a connection that may begin with the header of a stream, which says what it is for.
void ejabberd_sessions_header(struct ejabberd_sessions *sessions, struct text connection,
			      struct text bytes);
// A stanza that was written to the connection: it may tell whose it is.
void ejabberd_sessions_sent(struct ejabberd_sessions *sessions, struct text connection,
			    struct text xml);
struct ejabberd_peer ejabberd_sessions_find(struct ejabberd_sessions *sessions,
					    struct text connection);

// Of a stanza on that connection; route when it cannot be told.
enum direction ejabberd_direction(const struct ejabberd_peer *peer, bool received, bool has_from);

// XEP-0198: the server counts the stanzas of a session, too. What it has counted more than the log shows
// is missing. Not remembered across a restart: the first number after it only says where to begin.
void ejabberd_count_begin(struct ejabberd_sessions *sessions, struct text connection, bool received,
			  uint64_t total, usec_t at);
void ejabberd_count_one(struct ejabberd_sessions *sessions, struct text connection, bool received);
// How many are missing since *since, when the server says that it has counted total.
uint64_t ejabberd_count_check(struct ejabberd_sessions *sessions, struct text connection,
			      bool received, uint64_t total, usec_t at, usec_t *since);

// --- gaps ---

// "dropped 37 messages in the last second" and the like: how many, -1 = not told; 0 = no such line.
int64_t ejabberd_dropped(const struct ejabberd_line *line, const char **cause);

// "<JID> acknowledged 3 of 4 stanzas": 4; -1 = no such line.
int64_t ejabberd_sent_count(const struct ejabberd_line *line);

// The number of a report of reassembly_report() that the line is, -1 = none.
int ejabberd_report(const struct ejabberd_line *line);

struct ejabberd_gap { // what is seen missing within about a second is one gap
	usec_t from, to;
	int64_t lost;  // 0 = none open
	uint64_t last; // offset of what was counted last
	bool changed, told;
	usec_t lossy;          // since when lines are known to be dropped, USEC_NONE
	uint64_t lossy_offset; // where that was seen
};

void ejabberd_gap_init(struct ejabberd_gap *gap);
// Lines are known to be dropped; the record at offset shows it.
void ejabberd_gap_lossy(struct ejabberd_gap *gap, usec_t since, uint64_t offset);
void ejabberd_gap_add(struct ejabberd_gap *gap, usec_t from, usec_t to, uint64_t offset);
// True when nothing can be added any more: take it and set lost to 0.
bool ejabberd_gap_is_over(const struct ejabberd_gap *gap, usec_t now);
// That lines are dropped matters to what comes after: a restart knows it from the same place on.
void ejabberd_gap_teach(struct ejabberd_gap *gap, struct later *later);
void ejabberd_gap_save(struct ejabberd_gap *gap, const struct dialect_sink *sink);
void ejabberd_gap_recall(struct ejabberd_gap *gap, struct text key, struct text value);

// --- detection ---

// coarse: the one with stamps of milliseconds.
int ejabberd_score(struct text head, bool coarse, const char **why);

#endif
