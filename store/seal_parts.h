// SPDX-License-Identifier: Apache-2.0
// Inside of store/: how rows become leaves, how leaves are stored, how heads are written and signed.
#ifndef STORE_SEAL_PARTS_H
#define STORE_SEAL_PARTS_H

#include "core/arena.h"
#include "core/map.h"
#include "store/internal.h"
#include "store/merkle.h"
#include "store/seal.h"
#include "store/write.h"

#include <stdatomic.h>

// --- kinds of rows (seal_kinds.c) ---

enum {
	SEAL_MESSAGE = 1,
	SEAL_ACK,
	SEAL_FINDING,
	SEAL_GAP,
	SEAL_DROPPED,
	SEAL_GONE,
	SEAL_LOST,
	SEAL_ACCESS,
	SEAL_REPORT,
	SEAL_REPORT_FILE,
	SEAL_ERASURE
};
enum { LEAF_PERSONAL = 1, LEAF_BODY = 2 };

struct seal_kind {
	int number; // seal_leaf.kind
	const char *table, *query;
	bool daily;   // cut into days
	bool by_time; // sealed by its time, not by a commit number
	// Columns of the query: the first is the commit (or the time), then the row key; what is personal and
	// what is a body come last. 0: there is none.
	int keys, personal, body, columns;
	int jids[2]; // columns that are jid.id
	int by;      // column that is a JID's text
	int salt;    // column that is the row's own salt, not part of the leaf
	int open;    // column that may be null in the leaf and filled later
	int raw;     // column of the row key that is bytes, not a number
};
extern const struct seal_kind seal_kinds[];
extern const size_t seal_kind_count;
const struct seal_kind *seal_kind_of(int number);

// --- salts (seal_salts.c) ---

struct salt {
	int64_t jid;
	bool set, found; // looked for; there
	int64_t after;   // good for rows that are newer than this commit
	unsigned char salt[HASH], name_salt[HASH], name[HASH];
	struct text text; // only with keep_texts
};
struct salts {
	struct store *store;
	struct digest *digest;
	struct hash_key key; // of jid.id
	struct salt *slots;
	size_t count;
	bool make;             // salts that are missing are made
	int64_t sealed;        // newest commit that is sealed, where they are made
	bool keep_texts;       // for a proof
	struct map lost_jids;  // erased persons
	struct map lost_convs; // and the conversations that they took part in
	usec_t lost_access;    // filters of the access log before then; USEC_NONE: none
	struct arena *arena;
};
bool salts_open(struct salts *salts, struct store *store, struct digest *digest, bool make,
		struct err *err);
void salts_close(struct salts *salts);
const struct salt *salts_get(const struct salts *salts, int64_t jid); // after salts_want
void salts_make_room(struct salts *salts, size_t more);
bool salts_want(struct salts *salts, const struct fields *jids, struct err *err);

// --- rows as leaves (seal_image.c, seal_rows.c) ---

struct seal_row {
	const struct seal_kind *kind;
	int64_t at;                        // commit, or time
	struct text key;                   // row key
	struct text open;                  // public image with the open column null; absent: it is
	struct text shown, personal, body; // images; absent: none
	int64_t jids[2];
	int jid_count;
	int64_t conv;
	struct text salt; // the row's own
	bool erased;      // an erasure may have taken texts: its mark, its conversation
	// Made from these:
	bool lost, unknown; // cannot be opened: erased; or nobody knows why
	int flags;
	unsigned char row_salt[HASH], commitment[HASH], body_commitment[HASH];
};

// A row as the server sends it: of each column its length (4 bytes, -1 = NULL) and its binary form. So an image is a
// piece of the row.
enum { SEAL_COLUMNS = 64 };
struct seal_columns {
	int count;
	struct text row;
	struct text values[SEAL_COLUMNS]; // absent: null
	size_t at[SEAL_COLUMNS + 1];      // where each begins in the row
};
bool seal_columns_read(struct seal_columns *columns, int count, struct text row);
// The row with one column null.
void seal_image_without(struct buf *out, const struct seal_columns *columns, int to, int without);
void seal_row_key(struct buf *out, const struct seal_columns *columns,
		  const struct seal_kind *kind);
// Salt of the row and both commitments.
void seal_commit(struct salts *salts, struct seal_row *row);
void seal_leaf(struct digest *digest, const struct seal_row *row, struct text shown,
	       unsigned char out[HASH]);
// Row key for people.
void seal_key_print(const struct seal_kind *kind, struct text key, char *out, size_t size);

struct seal_range { // of rows
	int64_t after, upto;
	usec_t since, until;
	usec_t day;
};
struct seal_reading {
	struct store *rows; // the salts have a connection of their own
	struct salts *salts;
	const atomic_int *stop;
	void *self;
	bool (*each)(void *self, struct seal_row *row, struct err *err);
};
// Calls each() with the rows of a kind in the order of their keys, commitments made; flat memory.
bool seal_read(const struct seal_reading *reading, const struct seal_kind *kind,
	       const struct seal_range *range, struct err *err);

// --- leaves as they are stored (seal_leaves.c) ---

struct leaf_entry {
	struct text key;
	int flags;
	const unsigned char *leaf, *commitment, *body_commitment;
};
bool leaf_next(struct text *data, struct leaf_entry *entry); // false: no more, or bad bytes

struct leaf_writer {
	struct store *store;
	struct merkle tree;
	int32_t number;
	int kind, block, entries;
	usec_t day;
	struct buf data, first, last;
};
bool leaf_add(struct leaf_writer *writer, const struct seal_row *row, struct err *err);
bool leaf_flush(struct leaf_writer *writer, struct err *err); // also between kinds and days

struct leaf_cursor { // leaves of one seal, kind and day in order
	struct store *store;
	int32_t number;
	int kind, block;
	usec_t day;
	struct rows rows;
	struct text left;
	bool there; // entry is one
	struct leaf_entry entry;
	int64_t index, next_index;
};
bool cursor_open(struct leaf_cursor *cursor,
		 struct err *err); // with store, number, kind and day filled in
bool cursor_next(struct leaf_cursor *cursor, struct err *err);
void cursor_close(struct leaf_cursor *cursor);

// Root of leaves from..to of a tree as it is stored.
bool leaf_range_root(struct store *store, struct digest *digest, int32_t number, uint64_t from,
		     uint64_t to, unsigned char out[HASH], struct err *err);

// --- heads (seal_head.c), keys (seal_key.c), files (seal_files.c) ---

enum { ED25519 = 32, SIGNATURE = 64 };

struct seal_head {
	char instance[2 * HASH + 1];
	int32_t number;
	usec_t day, since, until, at;
	int64_t after, upto, leaves;
	unsigned char root[HASH], previous[HASH], log[HASH];
	unsigned char key[ED25519];
	bool has_next;
	unsigned char next[ED25519];
};
void head_print(const struct seal_head *head, struct buf *out);
bool head_parse(struct text text, struct seal_head *head);
void hex_print(const unsigned char *bytes, size_t size, char *out); // 2 * size + 1
bool hex_read(struct text text, unsigned char *out, size_t size);

struct seal_key;                                                   // a private key
struct seal_key *seal_key_load(const char *path, struct err *err); // ERR_DIFFERS: not there
bool seal_key_make(const char *path, struct err *err);
void seal_key_free(struct seal_key *key);
void seal_key_public(const struct seal_key *key, unsigned char out[ED25519]);
bool seal_sign(const struct seal_key *key, struct text text, unsigned char out[SIGNATURE]);
bool seal_check_signature(const unsigned char key[ED25519], struct text text,
			  const unsigned char signature[SIGNATURE]);
bool seal_public_pem(const unsigned char key[ED25519], struct buf *out);
bool seal_public_load(const char *path, unsigned char out[ED25519], struct err *err);
// What ssh-keygen -Y sign makes, in namespace receiptd-seal.
bool seal_ssh_sign(const struct seal_key *key, struct text text, struct buf *out);
bool seal_ssh_check(const unsigned char key[ED25519], struct text text, struct text armored);
void seal_ssh_public(const unsigned char key[ED25519], struct buf *out); // "ssh-ed25519 AAAA..."

enum { SEAL_PATH = 4096 };
void seal_key_path(const struct app *app, const char *key_file, const char *ending,
		   char out[SEAL_PATH]);
void seal_data_dir(const struct app *app); // makes it
void seal_folder(const struct app *app, char out[SEAL_PATH]);
// Temporary file, fsync, rename, fsync of the folder. Not followed: a link that somebody put there.
bool seal_file_put(const char *folder, const char *name, struct text text, struct err *err);
bool seal_file_get(const char *path, struct buf *out, struct err *err);
bool seal_folder_put(const struct app *app, const struct seal_head *head, struct text text,
		     const unsigned char signature[SIGNATURE], struct text ssh, struct err *err);
int32_t seal_folder_newest(const struct app *app); // number of the newest head file, 0: none

// --- the chain (seal_chain.c) ---

struct sealed { // a seal as it is stored
	int32_t number;
	usec_t day, since, until;
	int64_t after, upto, leaves;
	struct text head, signature, ssh;
	struct text root;
};
struct chain {
	struct arena *arena;
	VEC(struct sealed) seals;
};
bool chain_load(struct store *store, struct chain *chain, struct err *err);
void chain_free(struct chain *chain);
// Root of the log of the first "count" heads.
void chain_log(const struct chain *chain, struct digest *digest, size_t count,
	       unsigned char out[HASH]);
bool seal_instance(struct store *store, struct digest *digest, char out[2 * HASH + 1],
		   struct err *err);
// Consistency of two heads (seal_consistency.c). key: of the newer one; NULL: as it says itself.
struct json_t;
struct json_t *seal_hex_json(struct text bytes); // a string, to be released
bool seal_is_consistency(const struct json_t *json);
bool seal_consistency_check(const struct json_t *json, const unsigned char *key, struct buf *said,
			    struct err *err);
// The second connection sees what the first one, which is in a snapshot, sees.
bool seal_share(struct store *first, struct store *second, struct err *err);
struct store *seal_second(struct app *app, enum store_role role, struct err *err);

#endif
