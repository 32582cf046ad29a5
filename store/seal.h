// SPDX-License-Identifier: Apache-2.0
// Seals: everything that was committed until the end of a day, as one signed Merkle root (docs/VERIFY.md).
#ifndef STORE_SEAL_H
#define STORE_SEAL_H

#include "core/app.h"
#include "core/buf.h"

struct store;

struct seal_result {
	int32_t number; // of the newest seal; 0: there is none
	int made;       // seals that were made now
	int64_t leaves; // in them
	usec_t day;     // of the newest seal, USEC_NONE
	bool in_use;    // there are seals, or a key was asked for; also set when it fails
};

// Seals every UTC day that ended at or before "until", and what was reported and read up to now; one seal a
// day, oldest first, each in a transaction of its own. Nothing new: nothing is made. key_file NULL: as the
// settings say. ERR_DIFFERS: there is no key, nothing was sealed; ERR_USAGE: it cannot be used (mode, form);
// ERR_STORAGE: the folder of seals.
bool store_seal(struct app *app, struct store *store, const char *key_file, usec_t until,
		struct seal_result *out, struct err *err);

// Makes the signing key; when there is one, the key that the next seal introduces, signed with the old one.
bool store_seal_new_key(struct app *app, char *path, size_t size, bool *next, struct err *err);

struct seal_complaint { // what is not as it was sealed
	int32_t number; // of the seal, 0: of none
	usec_t day;     // of the seal, USEC_NONE
	const char *table, *what;
	const char *row; // key columns, never content; NULL: none
};

struct verify_request {
	usec_t day; // rows of this UTC day only; USEC_NONE: all
	const char
		*head_file; // a head that was kept elsewhere, with its .sig beside it; NULL: none
	const char *
		key_file; // PEM of the public key that the first head must be signed with; NULL: as known
	void *self;
	void (*complain)(void *self, const struct seal_complaint *complaint);
	void (*progress)(void *self, int64_t done, int64_t of); // leaves; NULL: not told
};

struct verify_result {
	int32_t seals;
	int64_t leaves, rows, pending, complaints; // pending: rows that are not sealed yet
};

bool store_verify(struct app *app, struct store *store, const struct verify_request *request,
		  struct verify_result *result, struct err *err);

// Proof of one message as JSON: the row, its commitments opened, the path, the head. ERR_INPUT: there is no
// such message, or it is not sealed (yet), or its persons were erased.
bool store_seal_proof(struct app *app, struct store *store, int64_t conv, int64_t key, char **json,
		      struct err *err);
// The same, checked without a database; a line for people into "said".
bool seal_proof_check(struct text json, const char *key_file, struct buf *said, struct err *err);

struct seal_place {       // of a message, as it is now
	bool in_use;      // anything is sealed in this database
	int32_t number;   // 0: the seal that covers it is still to be made
	usec_t day;       // of the seal
	int64_t leaf;     // its index in the tree; -1: it is not there (run receiptd verify)
	struct text head; // SHA-256 of the signed head, hexadecimal; of the arena
};
// Of the newest incarnation, sent at "sent_at": where seal_proof() would lead to.
struct arena;
bool store_seal_place(struct store *store, int64_t conv, int64_t key, usec_t sent_at,
		      struct arena *arena, struct seal_place *place, struct err *err);

// That the chain up to seal "newer" goes on from the chain up to seal "older", as JSON. ERR_INPUT: there are no
// such seals.
bool store_seal_consistency(struct store *store, int32_t older, int32_t newer, char **json,
			    struct err *err);

#endif
