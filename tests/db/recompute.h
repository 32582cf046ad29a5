// SPDX-License-Identifier: Apache-2.0
// Sums and rows of a sample's realm beside what they come to anew, as "receiptd check" does it.
#ifndef TESTS_DB_RECOMPUTE_H
#define TESTS_DB_RECOMPUTE_H

#include "tests/db/sample.h"

#include "store/check.h"

// Appends one line a difference to text, which may be NULL when none is expected.
struct check_result recompute(const struct sample *, usec_t since, usec_t until, struct buf *text);

// All days; fails with the differences. "when" says where in the test.
void assert_recomputed_equal(const struct sample *, const char *when);

#endif
