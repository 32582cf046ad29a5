// SPDX-License-Identifier: Apache-2.0
// Inside of store/: what the reading files share.
#ifndef STORE_READ_H
#define STORE_READ_H

#include "core/arena.h"
#include "store/internal.h"

// Elements of an array of a result, one dimension; NULL or empty has none.
struct array {
	const char *at, *end;
	uint32_t left;
};
void array_read(struct array *array, struct text bytes);
void array_open(struct array *array, const struct rows *rows, int row, int column);
bool array_next(struct array *array, struct text *element); // NULL element = absent
int64_t array_int(struct text element);                     // int4 or int8; absent = 0
usec_t array_usec(struct text element);                     // timestamptz; absent = USEC_NONE

// Realms by name, with the key: for the hashes that rows are found by.
struct known_realm {
	int32_t id;
	struct text name;
	struct via_names via_names;
};
struct known_realms {
	struct hash_key key;
	struct known_realm *items;
	size_t count;
	struct arena *arena;
	bool lent; // the connection's, which keeps them for some seconds (STORE_SERVE)
};
bool known_realms_load(struct store *store, int32_t realm, struct known_realms *realms,
		       struct err *err); // realm 0 = all
void known_realms_free(struct known_realms *realms);

// private_ack.c: called by known_realms_load; and by store_realm_rules, for the numbers of the rules.
bool known_via_names(struct store *store, int32_t realm, struct known_realms *realms,
		     struct err *err);
bool stored_private_acks(struct store *store, int32_t realm, struct realm_settings *rules,
			 struct err *err);

// read_audit.c: a row of findings.sql, or of a statement with the same columns; texts live as long as it.
struct stored_finding finding_of(const struct rows *rows);

// read_honesty.c: the rows of honesty.sql, whose parameters are put_span.
void honesty_read(const struct rows *rows, struct honesty *honesty);

// realm, since, until: the first three parameters of most reading statements.
void put_span(struct fields *params, int32_t realm, usec_t since, usec_t until);

#endif
