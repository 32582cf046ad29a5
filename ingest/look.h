// SPDX-License-Identifier: Apache-2.0
// Reads a file as an import would, but stores nothing: what `explain` prints and what `import`
// without configuration starts from (dialect, hosts, MUC domains, first and last time).
#ifndef INGEST_LOOK_H
#define INGEST_LOOK_H

#include "core/map.h"
#include "ingest/dialect.h"

enum { LOOK_KINDS = 24, LOOK_NAMED = 200 };

struct look_options {
	const char *dialect;                // NULL = detect
	const char *zone;                   // for stamps without zone; NULL = the system's
	int year;                           // for stamps without year; 0 = from the file's mtime
	const struct realm_settings *rules; // may be NULL
	const struct line_format *format;   // as the source says; may be NULL
	uint64_t limit;                     // decoded bytes to look at, 0 = all
};

struct look_count {
	const char *what; // static text
	uint64_t count;
	uint64_t first; // offset of the first one in the decoded stream
};

struct look {
	const struct dialect_type *dialect;
	int certainty;
	const char *why;
	struct zone *zone; // as resolved; owned
	bool zone_assumed; // it is the system's, nobody named one
	bool compressed;
	bool whole;     // the end of the file was reached
	bool damaged;   // compressed data are cut or broken: the rest cannot be read
	uint64_t bytes; // decoded
	uint64_t stanzas[DIR_COUNT];
	uint64_t no_session; // in and out stanzas whose session the log does not tell
	uint64_t no_time, odd_time;
	struct look_count ignored[LOOK_KINDS], unread[LOOK_KINDS], gaps[LOOK_KINDS];
	struct map session_set;                               // private
	size_t sessions;                                      // different full JIDs
	struct string_list session_names, hosts, muc_domains; // at most LOOK_NAMED each
	usec_t first, last; // event times, USEC_NONE when there is none
};

// False: ERR_INPUT, not readable or not recognised (the text is one clear line that names the known
// dialects). *look is to be freed in either case.
bool look_at(const char *path, const struct look_options *options, struct look *look,
	     struct err *err);
void look_free(struct look *look);

#endif
