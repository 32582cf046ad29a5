// SPDX-License-Identifier: Apache-2.0
// Earlier days whose newest report says something else than what is known now.
#include "api/report/content.h"
#include "api/report/figures.h"

// Counts that both a report and the 28 days have.
static const char *const delivery_counts[] = {"sent",    "requested", "confirmed", "failed",
					      "pending", "expired",   NULL};
static const char *const read_counts[] = {"requested", "read", "pending", "expired", NULL};

struct restated {
	struct content *content;
	json_t *items;
};

// Days of the trend by their start; NULL: it does not have it.
static const json_t *row_at(const json_t *answer, usec_t start)
{
	size_t i;
	json_t *row;
	usec_t at;
	json_array_foreach(json_object_get(answer, "series"), i, row) {
		if (usec_parse(json_get_text(row, "start"), &at) && at == start)
			return row;
	}
	return NULL;
}

static json_t *counts_of(const json_t *delivery, const json_t *read)
{
	json_t *counts = json_object();
	json_object_set_new(counts, "delivery", content_reduced(delivery, delivery_counts));
	json_object_set_new(counts, "read", content_reduced(read, read_counts));
	return counts;
}

static void put_restated(json_t *items, const struct stored_report *report, json_t *changes)
{
	char day[USEC_TEXT];
	json_t *item = json_object();
	usec_format(report->key.day, 0, day);
	day[10] = '\0';
	json_object_set_new(item, "day", json_string(day));
	json_object_set_new(item, "revision", json_integer(report->key.revision));
	json_object_set_new(item, "why", figures_why(changes));
	json_object_set(item, "figures", changes);
	json_array_append_new(items, item);
}

static bool each_report(void *self, const struct stored_report *report)
{
	struct restated *it = self;
	usec_t start = period_day_start(it->content->zone, report->key.day);
	const json_t *delivery = row_at(it->content->trend, start);
	const json_t *read = row_at(it->content->read_trend, start);
	JSON_AUTO *figures = report->figures.p
				     ? json_loadb(report->figures.p, report->figures.n, 0, NULL)
				     : NULL;
	if (!delivery || !read || !figures)
		return true;
	JSON_AUTO *old =
		counts_of(json_object_get(figures, "delivery"), json_object_get(figures, "read"));
	JSON_AUTO *new = counts_of(delivery, read);
	JSON_AUTO *changes = figures_compare(old, new);
	if (json_array_size(changes))
		put_restated(it->items, report, changes);
	return true;
}

bool section_restatements(struct content *content, struct err *err)
{
	struct restated it = {content, json_array()};
	struct arena *arena = arena_new();
	const struct report_filter filter = {
		.realm = content->inquiry.db.realm.id,
		.period = period_words[PERIOD_DAY],
		.since = content->period->day - 28 * USEC_PER_DAY,
		.until = content->period->day,
		.zone = content->zone_name,
		.revision = 0,
		.limit = 100,
	};
	json_object_set_new(content->document, "restatements", it.items);
	bool fine = store_reports(content->inquiry.db.store, &filter, arena, &it, each_report, err);
	arena_free(arena);
	return fine;
}
