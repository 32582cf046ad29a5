// SPDX-License-Identifier: Apache-2.0
// Inside of store/: store_verify() in its two halves.
#ifndef STORE_VERIFY_H
#define STORE_VERIFY_H

#include "store/seal_parts.h"

struct verifying {
	struct app *app;
	struct store *rows, *side; // side: leaves and salts, while rows are read
	const struct verify_request *request;
	struct verify_result *result;
	struct digest *digest;
	struct chain chain;
	struct salts salts;
	struct map dropped, stripped; // UTC day + 1 -> int64_t *: commit
	struct arena *arena;
	int64_t total;
};

void verify_complain(struct verifying *it, const struct sealed *seal, const char *table,
		     const char *what, const char *row);
bool verify_chain(struct verifying *it, struct err *err); // heads, signatures, files, trees
bool verify_rows(struct verifying *it, struct err *err);  // every row beside its leaf

#endif
