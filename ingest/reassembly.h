// SPDX-License-Identifier: Apache-2.0
// Socket reads -> stanzas. Some logs (ejabberd) print what one read gave: any part of a stanza, or
// several. Each connection has its own half stanza here.
//
// A half stanza is continued by the next read as long as that is possible: a client may send anything
// that is well-formed, also a read that looks like a stanza of its own (F120). Only what cannot be
// continued (a tag that does not fit, a new stream, the server that went on without it, a connection
// that waited too long) is given up, and reading goes on at the next read that begins like an element
// of a stream.
//
// A stanza's position is that of the read that made it certain: positions then grow in the order in
// which stanzas come out, whatever connections do to each other, and a restart that reads again from
// reassembly_low_water() finds every stanza at the same position. Elements that are not message, iq or
// presence (SASL, stream management) are dropped here: they may hold a password, so what is given up
// is told without its bytes.
#ifndef INGEST_REASSEMBLY_H
#define INGEST_REASSEMBLY_H

#include "ingest/dialect.h"

enum {
	REASSEMBLY_STANZA_MAX = 1 << 20,
	REASSEMBLY_HELD_BYTES = 64 << 20, // of the log, and
	REASSEMBLY_HELD_TIME = 600,       // seconds that a half stanza may hold low water back
	READ_REPORTS = 7,
	WRITE_REPORTS = 1
};

struct reassembly;

struct reassembly_sink {
	void *self;
	// RECORD_STANZA, RECORD_QUARANTINE and RECORD_GAP. Texts are valid during the call only.
	void (*record)(void *self, const struct record *record);
	// Facts with keys "f:...", "l:..." and "r:...", see reassembly_recall(); may be NULL.
	void (*remember)(void *self, struct text key, struct text value);
};

struct reassembly *reassembly_new(const struct reassembly_sink *sink);
void reassembly_free(struct reassembly *reassembly);

// Bytes of connection read->session_key. in_step: a connection that was not seen yet begins here or
// is known to be between two stanzas.
void reassembly_read(struct reassembly *reassembly, const struct record *read, bool in_step);
// Gives up what has waited too long. To be called now and then, when the log itself says so: a restart must
// call it in the same places.
void reassembly_tick(struct reassembly *reassembly, const struct record *read);
// One record that holds whole elements, whatever was before.
void reassembly_whole(struct reassembly *reassembly, const struct record *read);
// Bytes of the connection are known to be missing.
void reassembly_hole(struct reassembly *reassembly, const struct record *at, const char *reason);
// The same of all connections: lines were dropped.
void reassembly_holes(struct reassembly *reassembly, const struct record *at, const char *reason);
void reassembly_closed(struct reassembly *reassembly, const struct record *closed);
// The server says that it has dealt with one element of the connection, each at most once under one
// number (READ_REPORTS of reads, then WRITE_REPORTS of writes). False: there was none, so a record is
// missing before; what had waited is given up.
bool reassembly_report(struct reassembly *reassembly, const struct record *at, unsigned number);
// Time of the last read of the half stanza, USEC_NONE when there is none.
usec_t reassembly_waiting(const struct reassembly *reassembly, struct text key);

// Offset of the oldest read of a half stanza; UINT64_MAX when there is none.
uint64_t reassembly_unfinished(const struct reassembly *reassembly);
// Offset of the oldest read that is still needed; UINT64_MAX when nothing is held.
uint64_t reassembly_low_water(const struct reassembly *reassembly, usec_t now);
// Remembers what a restart at low must know: connections that are inside an element there, elements that
// the server may still report.
void reassembly_save(struct reassembly *reassembly, uint64_t low, usec_t now);
void reassembly_recall(struct reassembly *reassembly, struct text key, struct text value);

#endif
