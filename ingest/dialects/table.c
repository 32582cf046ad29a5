// SPDX-License-Identifier: Apache-2.0
#include "ingest/dialects/table.h"

const struct dialect_type *const dialect_types[] = {
	&openfire_audit_dialect,
	&prosody_dialect,
	&prosody_console_dialect,
	&prosody_syslog_dialect,
	&ejabberd_debug_dialect,
	&ejabberd_lager_dialect,
	&openfire_debugger_dialect,
	&openfire_chatlogs_dialect,
	&tigase_dialect,
	&observations_dialect,
	&pattern_dialect,
	&spool_dialect,
	NULL,
};

enum { CERTAIN_ENOUGH = 50 };

static int (*const refused[])(struct text head, const char **why) = {mongooseim_score};

const struct dialect_type *dialect_by_name(struct text name)
{
	for (size_t i = 0; dialect_types[i]; i++)
		if (text_is(name, dialect_types[i]->name))
			return dialect_types[i];
	return NULL;
}

const struct dialect_type *dialect_detect(struct text head, int *certainty, const char **why)
{
	static const char nothing[] = "not like any log that is known";
	const struct dialect_type *best = NULL;
	const char *best_why = nothing;
	int most = 0;
	for (size_t i = 0; dialect_types[i]; i++) {
		const char *reason = nothing;
		int score = dialect_types[i]->score(head, &reason);
		if (score > most) {
			most = score;
			best = dialect_types[i];
			best_why = reason;
		}
	}
	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
		const char *reason = nothing;
		int score = refused[i](head, &reason);
		if (score > most) {
			most = score;
			best = NULL;
			best_why = reason;
		}
	}
	if (certainty)
		*certainty = most;
	if (why)
		*why = best_why;
	return most >= CERTAIN_ENOUGH ? best : NULL;
}

uint64_t dialect_unfinished(const struct dialect_type *type, const struct dialect *dialect)
{
	return type->unfinished ? type->unfinished(dialect) : type->low_water(dialect);
}
