// SPDX-License-Identifier: Apache-2.0
// An answer that is a list: rows are put in as they come from the database; the JSON form has an
// envelope around them, the others say the same in headers.
#ifndef API_HTTP_LIST_H
#define API_HTTP_LIST_H

#include "api/http/call.h"

enum { LIST_BYTES = 1024 * 1024 }; // a page ends early when it is this large: memory stays flat

#define LIST_OPEN "{\"items\":" // before the array of a JSON list

struct list {
	struct call *call;
	struct table table;
	int64_t limit;
	bool more; // there is another row behind the last
};

// False: the problem is in the reply (no acceptable format).
bool list_begin(struct list *list, struct call *call, const struct param *format,
		const char *const *columns, int64_t limit);
// Takes the row over. False: the page is full, this row is not in it, more is set.
bool list_put(struct list *list, json_t *row);
bool list_full(struct list *list); // the same question without a row; sets more when true
// next: cursor of the next page, NULL = none.
void list_end(struct list *list, const struct honesty *honesty, bool final, const char *next);

// The members behind the items of a JSON list. rows >= 0: how many there were (F156).
void list_close(struct buf *out, bool more, const char *next, const struct honesty *honesty,
		bool final, int64_t rows);

#endif
