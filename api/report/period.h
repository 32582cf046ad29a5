// SPDX-License-Identifier: Apache-2.0
// The period of a report: a civil day, an ISO week or a month of a zone. Civil days are counted as the UTC
// midnight of the same date; only bounds are instants.
#ifndef API_REPORT_PERIOD_H
#define API_REPORT_PERIOD_H

#include "core/ztime.h"

enum period_kind { PERIOD_DAY, PERIOD_WEEK, PERIOD_MONTH, PERIOD_KINDS };

extern const char *const period_words[]; // day, week, month, NULL

struct period {
	enum period_kind kind;
	usec_t day;          // its first civil day
	usec_t since, until; // instants, half open
};

enum { PERIOD_NAME = 16 };

// 2026-03-02, or any day of the week or month that is meant. False: it is no date.
bool period_parse_day(struct text text, usec_t *day);
// 2026-03-02, 2026-W10, 2026-03: as period_name writes them.
bool period_parse_name(struct text text, enum period_kind *kind, usec_t *day);
// day: any civil day of it.
struct period period_of(enum period_kind kind, usec_t day, const struct zone *zone);
// The period that lies n periods later (earlier: negative).
struct period period_step(const struct period *period, int n, const struct zone *zone);
const char *period_name(const struct period *period, char out[PERIOD_NAME]);
// Civil day of an instant, and the instant at which a civil day begins.
usec_t period_civil_day(const struct zone *zone, usec_t at);
usec_t period_day_start(const struct zone *zone, usec_t day);

#endif
