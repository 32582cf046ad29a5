// SPDX-License-Identifier: Apache-2.0
#include "ingest/doctor.h"

#include <inttypes.h>

enum { LOOK_AT = 100 };

static void say_sending(struct doctor *doctor, const char *day,
			const struct report_sending *sending)
{
	char next[USEC_TEXT] = "not tried again";
	if (sending->next_at != USEC_NONE)
		usec_format(sending->next_at, 0, next);
	doctor_say(doctor, DOCTOR_WARN,
		   "the %.*s did not take the report of %s: %.*s (%" PRId64 " tries, next: %s)",
		   (int)sending->way.n, sending->way.p, day, (int)sending->problem.n,
		   sending->problem.p, sending->tries, next);
}

static bool each_report(void *self, const struct stored_report *report)
{
	char day[USEC_TEXT];
	usec_format(report->key.day, 0, day);
	day[10] = '\0';
	for (size_t i = 0; i < report->sending_count; i++) {
		if (report->sendings[i].problem.p)
			say_sending(self, day, &report->sendings[i]);
	}
	return true;
}

bool doctor_reports(struct doctor *doctor, struct store *store, int32_t realm, struct err *err)
{
	struct arena *arena = arena_new();
	const struct report_filter filter = {.realm = realm,
					     .since = USEC_NONE,
					     .until = USEC_NONE,
					     .revision = -1,
					     .limit = LOOK_AT};
	bool fine = store_reports(store, &filter, arena, doctor, each_report, err);
	arena_free(arena);
	return fine;
}
