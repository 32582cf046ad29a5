// SPDX-License-Identifier: Apache-2.0
// Asks the API inside this process: the same handlers, parameters and fields that an HTTP client gets, on one
// snapshot. So a report, the dashboard and the API cannot differ (F169).
#ifndef API_REPORT_ASK_H
#define API_REPORT_ASK_H

#include "api/http/call.h"
#include "core/json.h"

struct inquiry {
	struct app *app; // settings->realm is the realm that is asked about
	struct pool_slot db;
	usec_t now; // evaluation time
};

// rules and realm of the slot; false: err. Ends with inquiry_close.
bool inquiry_open(struct inquiry *inquiry, struct app *app, struct store *store, usec_t now,
		  struct err *err);
void inquiry_close(struct inquiry *inquiry);

// The answer to GET path?query as JSON; the query is made by printf, its texts with ask_escape. NULL: err.
json_t *api_ask(struct inquiry *inquiry, struct err *err, const char *path, const char *query, ...)
	__attribute__((format(printf, 4, 5)));

enum { ESCAPED_MAX = 200 };
// Percent-encodes what may not stand in a query. Returns out.
const char *ask_escape(const char *zstr, char out[ESCAPED_MAX]);

#endif
