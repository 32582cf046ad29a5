// SPDX-License-Identifier: Apache-2.0
// Inside of the audit: audit.c keeps facts in order, audit_acks.c judges acks, audit_rows.c rows.
#ifndef PAIRING_AUDIT_INTERNAL_H
#define PAIRING_AUDIT_INTERNAL_H

#include "pairing/audit.h"
#include "pairing/workset.h"

struct audit {
	struct audit_options options;
	struct arena *arena;   // facts and findings
	struct arena *scratch; // of one row
	LIST_OF(struct known) facts;
};

struct place { // where a fact stands: by whom it is about, kind, what of it; then by time
	int64_t about;
	enum known_kind kind;
	struct text what; // the item, of kinds that have one
	int64_t key;      // KNOWN_ARCHIVED: the message
};

struct span {
	const struct known *items;
	size_t count;
};

struct span audit_span(const struct audit *audit, const struct place *place);
int64_t audit_id(const struct audit *audit, struct text jid);
void audit_give(struct audit *audit, const char *rule, struct text by, const struct finding *about);

// How the devices of R got the message of a row; may name one several times.
struct copies {
	struct copy_fact *items;
	size_t count;
	struct copy_fact only; // of plain rows
};
void audit_copies(struct audit *audit, const struct row *row, struct copies *copies);
unsigned audit_copy_kinds(const struct copies *copies, int64_t device);

// audit_acks.c: the acks of a plain row.
void audit_inline_acks(struct audit *audit, const struct row *row);

#endif
