// SPDX-License-Identifier: Apache-2.0
// Part of store/store.h, which is what others include: reports that were made, their files, their delivery.
#ifndef STORE_REPORT_H
#define STORE_REPORT_H

#include "core/arena.h"

enum { REPORT_FORMATS = 3, REPORT_WAYS = 2 };

extern const char *const report_formats[]; // "csv", "html", "json", NULL: in byte order
extern const char *const report_ways[];    // "hook", "mail", NULL

struct report_key {
	int32_t realm;
	const char *period; // day, week, month
	usec_t day;         // first civil day, as UTC
	const char *zone;
	int revision; // where it is asked for: 0 = the newest
};

struct report_file {
	struct text format, name;
	int64_t bytes;
	struct text sha256;  // hexadecimal
	struct text content; // when it is put
};

struct report_sending {
	struct text way;
	int64_t tries;
	usec_t next_at, done_at; // USEC_NONE: none
	struct text problem;     // absent: the last try was fine
};

struct stored_report {
	struct report_key key;
	usec_t made_at, complete_until;
	bool incomplete, final, kept; // kept: all of its files can be had
	struct text figures;
	struct report_file files[REPORT_FORMATS];
	size_t file_count;
	struct report_sending sendings[REPORT_WAYS];
	size_t sending_count;
};

struct report_filter {
	int32_t realm;
	const char *period;  // NULL = any
	usec_t since, until; // first civil days, half open; USEC_NONE = open
	const char *zone;    // NULL = any
	int revision;        // -1 = any, 0 = the newest
	int64_t limit;
};

// All that is read until the end is of one state of the data, whatever else asks for a snapshot between.
bool store_hold_snapshot(struct store *store, struct err *err);
void store_release_snapshot(struct store *store); // fine without

// Who makes a report, or erases somebody, holds this lock: *taken false, somebody else does. It ends with the
// connection.
bool store_report_lock(struct store *store, bool *taken, struct err *err);
bool store_report_wait(struct store *store, struct err *err); // ERR_DATABASE: for a minute
void store_report_unlock(struct store *store);

// Newest period first, of each the newest revision first. Texts live as long as the call, unless there is an
// arena.
bool store_reports(struct store *store, const struct report_filter *filter, struct arena *arena,
		   void *self, bool (*each)(void *self, const struct stored_report *report),
		   struct err *err);
// The revision of the key, its files and that it must be sent, in one transaction.
bool store_report_put(struct store *store, const struct stored_report *report, struct err *err);
// key->revision 0: the newest; *revision 0: there is none. *content absent: it was taken out.
bool store_report_content(struct store *store, const struct report_key *key, const char *format,
			  struct arena *arena, int *revision, struct text *content,
			  struct err *err);

struct report_due { // waits to be sent
	struct report_key key;
	struct text way, name;
	struct text content; // of the page; claiming leaves it absent
	int64_t tries;
	bool incomplete, final;
};
// The first that is due by "now"; *found false: none is. It is due again at the end of the lease, for everybody, unless
// store_report_sent() says otherwise before.
bool store_report_claim(struct store *store, int32_t realm, usec_t now, usec_t lease,
			struct arena *arena, struct report_due *due, bool *found, struct err *err);
// problem absent: it was sent. next USEC_NONE: it is not tried again.
bool store_report_sent(struct store *store, const struct report_due *due, usec_t now, usec_t next,
		       struct text problem, struct err *err);

// Retention: names of files that may go, older than "before" (USEC_NONE: none is) or beyond "bytes" (0: none
// is); each call of "each" has taken the bytes of that file out of the database.
bool store_report_forget(struct store *store, int32_t realm, usec_t before, int64_t bytes,
			 void *self, void (*each)(void *self, struct text name), struct err *err);

// --- what a report stands on, beside the metrics ---

struct unread {             // of an interval
	int64_t again;      // intervals that are dropped and not read again yet
	int64_t followed;   // sources
	int64_t unfinished; // files of an import that was not ended
	usec_t first_at;    // oldest record of the realm
};
bool store_report_unread(struct store *store, int32_t realm, usec_t since, usec_t until,
			 struct unread *unread, struct err *err);
// Of what was sent in the interval: requested, and at its end neither confirmed nor failed.
bool store_report_open(struct store *store, int32_t realm, usec_t since, usec_t until,
		       int64_t *open, struct err *err);
bool store_report_quarantine(struct store *store, int32_t realm, usec_t since, usec_t until,
			     void *self,
			     void (*each)(void *self, struct text source, struct text reason,
					  int64_t records),
			     struct err *err);

#endif
