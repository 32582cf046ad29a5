// SPDX-License-Identifier: Apache-2.0
// Metrics by dimension (F9): who loses or delays. They are kept by UTC days, so these tables are of the UTC
// days of the same dates, and say so.
#include "api/report/content.h"

#include <stdio.h>

#define ROWS "15"

static bool put_table(struct content *content, const char *name, const char *path, const char *more,
		      const char *const *people, struct err *err)
{
	struct zone *utc = zone_open("UTC", NULL);
	struct period days = period_of(content->period->kind, content->period->day, utc);
	zone_free(utc);
	JSON_AUTO *answer = content_ask(content, path, days.since, days.until, more, err);
	if (!answer)
		return false;
	static const char *const kept[] = {"window", "items", "others", NULL};
	json_t *table = content_reduced(answer, kept), *row;
	size_t i;
	json_object_set_new(table, "own_days",
			    json_boolean(days.since == content->period->since &&
					 days.until == content->period->until));
	json_array_foreach(json_object_get(table, "items"), i, row) {
		content_hide(content, row, people);
	}
	json_object_set_new(content->document, name, table);
	return true;
}

static const char *const nobody[] = {NULL};

bool section_domains(struct content *content, struct err *err)
{
	return put_table(content, "domains", "/v1/metrics/peers", "&order=worst&limit=" ROWS,
			 nobody, err);
}

bool section_clients(struct content *content, struct err *err)
{
	return put_table(content, "clients", "/v1/metrics/clients", "&order=worst&limit=" ROWS,
			 nobody, err);
}

bool section_users(struct content *content, struct err *err)
{
	static const char *const people[] = {"jid", NULL};
	if (strcmp(content->inquiry.app->settings->report_people, "none") == 0) {
		json_object_set_new(content->document, "users", json_null());
		return true;
	}
	return put_table(content, "users", "/v1/metrics/users", "&order=worst&limit=" ROWS, people,
			 err);
}

bool section_failures(struct content *content, struct err *err)
{
	return put_table(content, "failures", "/v1/metrics/breakdown", "&by=condition&limit=50",
			 nobody, err);
}
