// SPDX-License-Identifier: Apache-2.0
// Query parameters by table. What is unknown, given twice, empty, too long, badly escaped or not of
// its type is a problem that names the parameter (F140, F144): nothing is ignored or guessed.
#ifndef API_HTTP_PARAMS_H
#define API_HTTP_PARAMS_H

#include "core/arena.h"
#include "core/ztime.h"

enum param_type {
	PARAM_TEXT,   // any UTF-8
	PARAM_NUMBER, // whole, min..max
	PARAM_WORD,   // one of words; number = its index
	PARAM_TIME,   // RFC 3339; number = usec_t
	PARAM_JID,    // text = normalised full JID
	PARAM_DOMAIN, // text = normalised domain
	PARAM_LIMIT,  // whole, min..max, or "all" = 0
	PARAM_DAY,    // YYYY-MM-DD; number = its first instant in UTC
	PARAM_ZONE,   // form of a zone name; the handler opens it
	PARAM_TYPES
};

enum { PARAM_MAX_LENGTH = 1024, PARAM_MAX_COUNT = 32 };

struct param_spec {
	const char *name;
	enum param_type type;
	const char *preset;       // default, as if given; NULL = none
	const char *const *words; // PARAM_WORD; ends with NULL
	int64_t min, max;         // PARAM_NUMBER
	bool secret;              // never written down: it can hold words of a body (F195)
	bool paging;              // no part of what is asked for: cursor, limit, format
};

struct param {
	bool given;       // by the client
	struct text raw;  // decoded, as sent or preset; absent = neither
	struct text text; // normalised where the type does that, else raw
	int64_t number;   // -1 when absent, USEC_NONE for an absent time or day
};

struct param_problem {
	char name[64];    // as sent, cut
	char detail[240]; // a sentence; never holds the value
};

// params has one element per spec, in the order of the table. Text lives in arena.
bool params_parse(struct text query, const struct param_spec *specs, size_t count,
		  struct arena *arena, struct param *params, struct param_problem *problem);

bool param_problem_set(struct param_problem *problem, struct text name, const char *format, ...)
	__attribute__((format(printf, 3, 4))); // always false

#endif
