// SPDX-License-Identifier: Apache-2.0
// Inside of the dialect: ejabberd_debug.c reads the log and keeps what a restart must know, ejabberd_stanzas.c makes
// records of its lines.
#ifndef INGEST_DIALECTS_EJABBERD_INTERNAL_H
#define INGEST_DIALECTS_EJABBERD_INTERNAL_H

#include "ingest/dialects/ejabberd.h"
#include "ingest/dialects/later.h"
#include "ingest/reassembly.h"

struct dialect {
	const struct realm_settings *rules; // private acknowledgements on iq
	struct dialect_sink sink;
	struct lines lines;
	struct ejabberd_record pending;
	struct buf bytes; // of the record at hand
	struct ejabberd_clock clock;
	struct zone *utc;
	struct ejabberd_sessions *sessions;
	struct dialect_sink learnt; // what they teach is given to it, and waits in
	struct later later;         // until a restart does not read it again
	uint64_t taught_at;         // offset of what teaches
	struct reassembly *reassembly;
	struct ejabberd_gap gap;
	uint64_t offset; // of the newest record given out, and its number
	uint32_t index;
	bool given;
	uint64_t low;
	bool tick;         // the newest stamp is of another second
	bool begun;        // bytes were given
	bool hole;         // one is remembered
	bool ended, quiet; // end() was called, and again while nothing came
	bool over;         // it was the last
	bool coarse;
	struct ejabberd_mark now; // its offset is where the last save was
	struct ejabberd_marks marks;
};

// One line of the log; self is the dialect.
void ejabberd_on_line(void *self, const struct line *line);
// A record that is made of reads; self is the dialect.
void ejabberd_on_record(void *self, const struct record *record);
// The file will not grow: what waits is judged.
void ejabberd_finish(struct dialect *dialect);

#endif
