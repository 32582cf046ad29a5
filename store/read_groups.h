// SPDX-License-Identifier: Apache-2.0
// Inside of store/: groups on their way from the database to an answer.
#ifndef STORE_READ_GROUPS_H
#define STORE_READ_GROUPS_H

#include "store/read.h"
#include "store/rollup_cells.h"

struct loading {
	struct arena *arena; // of the answer
	struct metric_group *items;
	size_t count, cap;
	struct metric_groups *out;
};

struct metric_group *groups_add(struct loading *loading); // to be filled

// read_clients.c: items, and what is known of no software and of no device.
bool clients_load(struct store *store, const struct group_query *query, struct loading *loading,
		  struct err *err);

#endif
