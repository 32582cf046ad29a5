// SPDX-License-Identifier: Apache-2.0
// The numbers of a metric path as a table: each entry gives members in JSON, columns in CSV and its
// definition in the answer. A path that counts by buckets is such a table and nothing else.
#ifndef API_HTTP_METRIC_FIELDS_H
#define API_HTTP_METRIC_FIELDS_H

#include "api/http/question.h"

#include <stddef.h>

// Parameters of all these paths, then of those that have rates.
enum { Q_FIELDS = Q_OWN, Q_COUNTED, Q_MIN_COUNT = Q_COUNTED, Q_RATED };

enum field_kind {
	FIELD_COUNT,
	FIELD_RATE,
	FIELD_WITHIN,
	FIELD_LATENCY,
	FIELD_EXPECTED,
	FIELD_BANDS
};

struct metric_field {
	const char *name; // "read.rate": a member of an object
	enum field_kind kind;
	size_t part, more, whole; // in struct delivery_bucket: (part + more) / whole; more 0 = none
	enum metric_series series;
	const char *what; // definition
};

#define AT(member) offsetof(struct delivery_bucket, member)
#define COUNT_OF(name, member, what)                                                               \
	{                                                                                          \
		name, FIELD_COUNT, AT(member), 0, 0, 0, what                                       \
	}
#define RATE_OF(name, part, whole, what)                                                           \
	{                                                                                          \
		name, FIELD_RATE, AT(part), 0, AT(whole), 0, what                                  \
	}
#define SUM_RATE_OF(name, part, more, whole, what)                                                 \
	{                                                                                          \
		name, FIELD_RATE, AT(part), AT(more), AT(whole), 0, what                           \
	}
// Fixed horizons: members 10s, 1m, 1h, 24h, 7d.
#define WITHIN_OF(name, part, whole, what)                                                         \
	{                                                                                          \
		name, FIELD_WITHIN, AT(part), 0, AT(whole), 0, what                                \
	}
#define LATENCY_OF(name, series, what)                                                             \
	{                                                                                          \
		name, FIELD_LATENCY, 0, 0, 0, series, what                                         \
	}
#define EXPECTED_OF(name, answered, series, what)                                                  \
	{                                                                                          \
		name, FIELD_EXPECTED, AT(answered), 0, 0, series, what                             \
	}

// Members are named by where a band begins, in ms.
#define BANDS_OF(name, series, what)                                                               \
	{                                                                                          \
		name, FIELD_BANDS, 0, 0, 0, series, what                                           \
	}

typedef bool metric_fn(struct store *store, const struct metric_query *query, void *self,
		       bucket_fn *each, struct err *err);

struct metric_path {
	metric_fn *ask;
	const struct metric_field *fields;
	size_t count;
	enum ripening ripens;
	bool rated;      // its route has rated_params, else counted_params
	unsigned series; // 1 << metric_series that a count stands on, whatever is shown
	bool settled;    // stands on the order of conversations, which is settled a little later
};

bool metric_handle(struct call *call, const struct metric_path *path, struct err *err);

#endif
