// SPDX-License-Identifier: Apache-2.0
// The part of a report that makes a revision: counts, rates and times, settings, and what its tables said, as a
// digest. What changes by itself (when it was made, how far the log was read since) is no figure.
#ifndef API_REPORT_FIGURES_H
#define API_REPORT_FIGURES_H

#include "core/json.h"

enum { CHANGES_MAX = 200 };

// Of a document; the caller's. Names nobody.
json_t *figures_of(const json_t *document);
// What differs, as [{"figure": "delivery.confirmed", "old": 3, "new": 4}], at most CHANGES_MAX; an empty list:
// nothing.
json_t *figures_compare(const json_t *old, const json_t *new);
// Why counts of an earlier period are others now, as a list of words.
json_t *figures_why(const json_t *changes);

#endif
