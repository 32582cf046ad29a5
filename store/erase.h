// SPDX-License-Identifier: Apache-2.0
// Behind the room's door (store.h includes it): erasing a person, keeping it out, legal holds.
#ifndef STORE_ERASE_H
#define STORE_ERASE_H

#include "core/privacy.h"

// The privacy key, proven to be that of the database. make: a new key may be made for a database that has none yet.
bool store_privacy(struct store *store, bool make, struct privacy_key *key, struct err *err);

struct erase_request {
	struct text jid;   // normalised bare JID
	const char *realm; // refused when another one holds it too; NULL = all
	const char *reason, *by;
	bool dry_run; // everything is done and taken back: what is said is what would be
};

struct erase_result {
	int64_t rows;       // that lost something or went
	int64_t erasure;    // erasure.id; 0: there was nothing, and nothing is noted
	bool was_done;      // it was on the list before
	usec_t held_until;  // a legal hold: nothing was done; USEC_NONE: none
	struct buf held_by; // its reason
};

// Before store_erase() and until what files say is gone, too: no report is made meanwhile. Waits for one that is being
// made. ERR_DATABASE: for an hour.
bool store_erase_begin(struct store *store, struct err *err);
void store_erase_end(struct store *store);
// One transaction under the lanes' lock, and no seal meanwhile; writers that read before it begin again, with the new list.
bool store_erase(struct store *store, const struct erase_request *request, void *self,
		 void (*each)(void *self, struct text table, int64_t rows),
		 struct erase_result *result, struct err *err);
// Takes somebody off the list of who must not come back, and notes it. What was erased stays erased.
bool store_erase_allow(struct store *store, const struct erase_request *request,
		       struct erase_result *result, struct err *err);
// Rewrites the tables, so that nothing of old rows is left in them, their statistics and (where it may) WAL.
// each: a table is done; *wal false: the WAL could not be renewed, because the role is no superuser.
bool store_scrub(struct store *store, void *self,
		 void (*each)(void *self, struct text table, int64_t done, int64_t of), bool *wal,
		 struct err *err);
// Erasures that were not scrubbed yet.
bool store_unscrubbed(struct store *store, int64_t *count, struct err *err);

struct erasure {
	int64_t id;
	usec_t at, scrubbed_at;
	struct text by, reason, tables; // reason absent: none
	bool allow;                     // that somebody may come back
};
bool store_erasures(struct store *store, void *self,
		    void (*each)(void *self, const struct erasure *erasure), struct err *err);
bool store_suppressed_count(struct store *store, int64_t *count, struct err *err);

// All that is held on a bare JID: the table, and the row as a JSON object. each: false stops.
bool store_person(struct store *store, struct text jid, void *self,
		  bool (*each)(void *self, struct text table, struct text row), struct err *err);

// --- who must not come back (suppress.c): read again whenever marks are, by whoever writes ---
// jid.full, jid.bare: normalised.
bool store_is_suppressed(const struct store *store, struct text bare, struct text full);
bool store_suppresses(const struct store *store); // anybody
// A text that is stored as it came names somebody of them.
bool store_names_suppressed(const struct store *store, struct text text);

// --- legal holds (hold.c) ---
struct legal_hold {
	struct text jid, reason, by;
	usec_t until, at; // last UTC day
};
bool store_hold_add(struct store *store, const struct legal_hold *hold, struct err *err);
bool store_hold_remove(struct store *store, struct text jid, bool *found, struct err *err);
bool store_holds(struct store *store, void *self,
		 void (*each)(void *self, const struct legal_hold *hold), struct err *err);

#endif
