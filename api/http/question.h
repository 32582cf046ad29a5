// SPDX-License-Identifier: Apache-2.0
// What all /v1/metrics/ paths have in common: window, buckets, zone, domains and form of the
// question; consistent, honest totals and series in the answer. A path brings its own columns, and a
// function that asks the store for one pass over the buckets.
#ifndef API_HTTP_QUESTION_H
#define API_HTTP_QUESTION_H

#include "api/http/call.h"
#include "api/http/metric_json.h"

// The first parameters of every metric route, in this order; a route's own follow from Q_OWN on.
enum { Q_SINCE, Q_UNTIL, Q_BUCKET, Q_TZ, Q_FROM_DOMAIN, Q_TO_DOMAIN, Q_EXACT, Q_FORMAT, Q_OWN };

extern const char *const bucket_words[], *const switch_words[]; // end with NULL

// clang-format off
#define QUESTION_PARAMS \
	[Q_SINCE] = {"since", PARAM_TIME, NULL, NULL, 0, 0, false, false}, \
	[Q_UNTIL] = {"until", PARAM_TIME, NULL, NULL, 0, 0, false, false}, \
	[Q_BUCKET] = {"bucket", PARAM_WORD, "1d", bucket_words, 0, 0, false, false}, \
	[Q_TZ] = {"tz", PARAM_ZONE, NULL, NULL, 0, 0, false, false}, \
	[Q_FROM_DOMAIN] = {"from_domain", PARAM_DOMAIN, NULL, NULL, 0, 0, false, false}, \
	[Q_TO_DOMAIN] = {"to_domain", PARAM_DOMAIN, NULL, NULL, 0, 0, false, false}, \
	[Q_EXACT] = {"exact", PARAM_WORD, "0", switch_words, 0, 0, false, false}, \
	[Q_FORMAT] = {"format", PARAM_WORD, NULL, table_format_names, 0, 0, false, true}
// clang-format on

enum ripening {
	RIPE_ANSWERED,
	RIPE_RESPONDED,
	RIPE_TYPED
}; // after t_expire, t_infer, t_composing_open

struct question {
	struct call *call;
	const struct question_form *form; // question_handle
	struct metric_query query;
	struct honesty honesty;
	usec_t ripens;          // so long after its end a bucket is final (F8)
	int64_t settle_waiting; // of a form that is settled
	struct zone *zone;
	enum table_format format;
	struct table *table; // where rows of the series go; NULL: the totals are asked for
	struct buf totals;   // JSON
	struct buf row;      // JSON, of a table of another format
};

// Writes an object of JSON for each bucket of one pass, between question_row and question_row_end;
// query->bucket 0 asks for the totals alone.
typedef bool question_fn(struct question *question, const struct metric_query *query,
			 struct err *err);

// Where the object is written. Text at once: a tree of thousands of rows would cost more than all else.
struct buf *question_row(struct question *question);
void question_row_end(struct question *question);

struct question_form { // of one path
	question_fn *ask;
	const char *const *columns; // CSV; end with NULL
	enum ripening ripens;
	bool settled; // question->settle_waiting is wanted
	// Further members of the answer in JSON; NULL = none.
	void (*members)(const struct question *question, json_t *answer);
	const struct metric_path *path; // of metric_fields.c
};

// The whole way of a metric route: reads the parameters, asks, answers. A problem of the client is in
// the reply (true); false: err.
bool question_handle(struct call *call, const struct question_form *form, struct err *err);

// The same in pieces, for an answer that is no series: open leaves *refused true when the problem is in
// the reply. All that is asked of the store until close is of one state of the data, that of
// question->honesty. close in any case.
bool question_open(struct question *question, struct call *call, bool *refused, struct err *err);
void question_close(struct question *question);
bool question_final(const struct question *question, usec_t end); // F8
// window, population, evaluated_at and what the answer stands on.
void question_members(const struct question *question, json_t *answer);

#endif
