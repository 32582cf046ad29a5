// SPDX-License-Identifier: Apache-2.0
// The direct markers of one conversation, in order of time (PAIRING P8), and the earliest one that
// covers a row.
#ifndef PAIRING_MARKS_H
#define PAIRING_MARKS_H

#include "pairing/workset.h"

struct mark { // one direct marker
	usec_t t;
	const struct row *target;
	struct entry *entry;
	const struct evidence *ev;
};

struct mark_group; // marks that cover under the same conditions

struct marks {
	struct mark *items; // in order of t
	size_t count;
	struct mark_group *groups; // when there are many
	size_t group_count;
};

// Apart: a row that no marker of one kind covers need not look at those of the other.
struct all_marks {
	struct marks displayed, received;
};

void marks_collect(const struct conversation *conversation, struct all_marks *all);
void marks_free(struct all_marks *all);

// T1, as far as ties are kept.
bool marks_same_moment(const struct mark *a, const struct mark *b);

// When the row was marked up to, USEC_NONE = not.
usec_t marks_cover(const struct realm_settings *rules, const struct marks *marks,
		   const struct entry *entry, const struct row *row);

#endif
