// SPDX-License-Identifier: Apache-2.0
// Inside of the dialect: openfire_debugger.c reads lines, openfire_debugger_held.c judges those that may be text.
#ifndef INGEST_DIALECTS_OPENFIRE_DEBUGGER_INTERNAL_H
#define INGEST_DIALECTS_OPENFIRE_DEBUGGER_INTERNAL_H

#include "ingest/dialects/later.h"
#include "ingest/dialects/openfire_debugger.h"
#include "ingest/lines.h"

enum {
	RECORD_LIMIT = 2 << 20,
	READ_MOST = 64 << 10,   // the server's largest network read
	HELD_BYTES = 8 << 20,   // of the log that a half stanza may hold back, and
	HELD_TIME = 600,        // seconds
	SWEEP_EVERY = 64 << 10, // bytes of the log
	LINE_COST = 16,
	QUIETS = 16,
	REPLAYS = 4 // times its size that held text is gone through again
};

struct held_line {
	size_t at, size;
	uint64_t offset, length;
};

struct dialect {
	struct debug_judge judge;
	const struct zone *zone;
	struct lines lines;
	struct debug_record record;
	struct debug_half *half; // the stanza that its next line continues, NULL = none
	struct debug_connection *connection;
	struct debug_half understood; // of interpreted lines
	struct buf held_text;
	struct held_line *held;
	size_t held_count, held_capacity;
	struct debug_half shadow; // the stanza if all that is held is its text
	size_t budget;            // bytes that may be held again
	bool replaying, suspect;
	struct debug_pins pins;
	uint64_t quiets
		[QUIETS];   // ends of held lines after which nothing came for a while: a restart
	size_t quiet_count; // must not take for text what was taken for lines then
	struct later later; // what sessions teach
	struct dialect_sink learnt; // that it is given to
	uint64_t swept;
	bool hole, quiet, quiet_news, over;
	uint64_t low; // of connections
	bool low_known;
};

bool debug_is_open(const struct debug_half *half);
// The half stanza, if there is one, is quarantined.
void debug_drop(struct dialect *d, struct debug_half *half, const char *reason);
void debug_process(struct dialect *d, const struct debug_line *line, uint64_t offset,
		   uint64_t length);
// One more line of the record at hand.
void debug_go_on(struct dialect *d, struct text text, uint64_t length);

// --- openfire_debugger_held.c ---

void debug_text(struct dialect *d, struct text text, uint64_t offset, uint64_t length);
// The record was cut: what was held are lines. known: the last one proves it.
void debug_held_is_lines(struct dialect *d, bool known);
void debug_held_free(struct dialect *d);
// Nothing follows for now, so what is held will be taken for lines.
void debug_note_quiet(struct dialect *d, bool final);
void debug_save_quiets(struct dialect *d, uint64_t low);
void debug_recall_quiets(struct dialect *d, struct text value);

#endif
