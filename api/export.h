// SPDX-License-Identifier: Apache-2.0
// The interface that checks are built on (PAIRING section 9): what is stored about a realm, written
// in a stable order with stable names.
#ifndef API_EXPORT_H
#define API_EXPORT_H

#include "api/pseudonyms.h"
#include "api/table.h"
#include "store/store.h"

#include <stdio.h>

struct export_options {
	int32_t realm;
	usec_t since, until; // sent_at, half open; USEC_NONE = open
	usec_t now;          // evaluation time: pending or expired
	usec_t t_expire, t_infer, t_typing, t_composing_open, w_match; // of the realm's rules
	enum table_format format;
	const struct pseudonyms *pseudonyms; // NULL: names as they are
};

// Looks the realm up and settles what does not depend on the command: t_*, and now: absent = the
// wall clock, "last" = newest event of the realm, else a date-time. since, until become open and
// format NDJSON. ERR_USAGE: no such realm, not a time.
bool export_prepare(struct store *store, const char *realm, struct text now,
		    struct export_options *options, struct err *err);

// One object a row, ordered by (sent_at, from, to, id, n), times with microseconds.
bool export_messages(struct store *store, const struct export_options *options, FILE *out,
		     struct err *err);
// The counters that are not zero, one object in all.
bool export_counters(struct store *store, const struct export_options *options, FILE *out,
		     struct err *err);
// One object a finding: rule, by, ref, first_at, last_at, count; a sorted set of (rule, by, ref).
bool export_findings(struct store *store, const struct export_options *options, FILE *out,
		     struct err *err);
// One object a gap, a source, a record in quarantine (where and why, never what).
bool export_gaps(struct store *store, const struct export_options *options, FILE *out,
		 struct err *err);
bool export_sources(struct store *store, const struct export_options *options, FILE *out,
		    struct err *err);
bool export_quarantine(struct store *store, const struct export_options *options, FILE *out,
		       struct err *err);
// One object a typing interval (F5), judged at now: from, to, start, ms, ended_by; ordered by (start,
// from, to).
bool export_typing(struct store *store, const struct export_options *options, FILE *out,
		   struct err *err);
// Waits until all that was read is settled, or patience is over: then *left parts of conversations
// still wait.
bool export_wait(struct store *store, int32_t realm, usec_t patience, int64_t *left,
		 struct err *err);
// One object: delivery_rate and read_rate as [numerator, denominator], ttd_ms and ttr_ms as
// {n, p50, p90, p99, max}; a member is there only when its population is not empty.
bool export_metrics(struct store *store, const struct export_options *options, FILE *out,
		    struct err *err);

#endif
