// SPDX-License-Identifier: Apache-2.0
// What the metrics by dimension (F9) have in common: a window of whole UTC days, order and limit, rows
// and their envelope. What is beyond the limit is a row of its own, so that rows add up to the total.
#ifndef API_HTTP_DIMENSION_H
#define API_HTTP_DIMENSION_H

#include "api/http/call.h"
#include "core/json.h"

// The first parameters of every route, in this order; a route's own follow from D_OWN on.
enum { D_SINCE, D_UNTIL, D_LIMIT, D_FORMAT, D_MIN_COUNT, D_OWN };

// clang-format off
#define DIMENSION_PARAMS \
	[D_SINCE] = {"since", PARAM_TIME, NULL, NULL, 0, 0, false, false}, \
	[D_UNTIL] = {"until", PARAM_TIME, NULL, NULL, 0, 0, false, false}, \
	[D_LIMIT] = {"limit", PARAM_NUMBER, "50", NULL, 1, 1000, false, true}, \
	[D_FORMAT] = {"format", PARAM_WORD, NULL, table_format_names, 0, 0, false, true}, \
	[D_MIN_COUNT] = {"min_count", PARAM_NUMBER, "5", NULL, 1, 1000000, false, false}
// clang-format on

extern const char *const group_order_words[]; // in the order of enum group_order

struct dimension {
	struct call *call;
	struct honesty honesty;
	enum table_format format;
	usec_t since, until;
	json_t *items, *others; // rows
	json_t *answer;         // members beside them; JSON only
};

// width: of the window when nothing is asked for. whole: it is made of whole UTC days. False with
// *refused: the problem is in the reply.
bool dimension_open(struct dimension *it, struct call *call, usec_t width, bool whole,
		    bool *refused, struct err *err);
void dimension_close(struct dimension *it); // in any case

// What every query of groups is told.
struct group_query dimension_query(const struct dimension *it);
// A row: which kind it is, then what the caller has put there, then the figures.
json_t *dimension_row(const char *row);
void dimension_figures(const struct dimension *it, json_t *row, const struct metric_group *group);
// rate with its Wilson interval, coverage; null below min_count, and then named in "suppressed".
void dimension_rates(const struct dimension *it, json_t *row, const struct metric_group *group,
		     bool bounds);
void dimension_latency(json_t *row, const struct metric_group *group, bool estimated);
void dimension_conditions(json_t *row, const struct metric_group *group);

// Which columns CSV has; ends with NULL.
void dimension_answer(struct dimension *it, const char *const *columns);

// Columns of dimension_figures and dimension_latency.
// clang-format off
#define FIGURE_COLUMNS \
	"sent", "requested", "confirmed", "failed", "pending", "expired", "unknown", "failed_all", \
	"read_requested", "read", RATE_COLUMNS, "rate_lower", "rate_upper"
#define RATE_COLUMNS \
	"rate", "rate_wilson.low", "rate_wilson.high", "coverage", "suppressed"
#define LATENCY_COLUMNS \
	"time_to_deliver_ms.n", "time_to_deliver_ms.p50", "time_to_deliver_ms.p90", \
	"time_to_deliver_ms.p95", "time_to_deliver_ms.p99", "time_to_deliver_ms.max"
// clang-format on

#endif
