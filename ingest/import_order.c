// SPDX-License-Identifier: Apache-2.0
#include "ingest/import_order.h"

#include "core/arena.h"
#include "ingest/series.h"

#include <stdbool.h>
#include <stdlib.h>

struct order { // of one file
	char *path;
	usec_t first, last;
	size_t log; // the first file of the same log
};

static int by_time(const struct order *a, const struct order *b)
{
	if (a->first == USEC_NONE || b->first == USEC_NONE)
		return 0;
	if (a->first != b->first)
		return a->first < b->first ? -1 : 1;
	return (a->last > b->last) - (a->last < b->last);
}

// Names tell the order, but not its direction; the times of those files that have some tell that, when all of
// them agree.
static bool do_names_agree(const struct order *list, size_t count, size_t log, bool rising)
{
	bool any = false;

	for (size_t i = log; i < count; i++)
		for (size_t j = i + 1; list[i].log == log && j < count; j++) {
			int time = list[j].log == log ? by_time(&list[i], &list[j]) : 0;
			if (time && time * series_order(list[i].path, list[j].path, rising) <= 0)
				return false;
			any = any || time;
		}
	return any;
}

static int by_name(const struct order *a, const struct order *b, bool rises)
{
	return series_order(a->path, b->path, rises);
}

// The one that is written now is the newest whatever numbers mean.
static int by_name_or_time(const struct order *a, const struct order *b)
{
	int rising = by_name(a, b, true), falling = by_name(a, b, false);
	return rising == falling && rising ? rising : by_time(a, b);
}

static void sort(struct order *list, size_t count, size_t log)
{
	bool rises = do_names_agree(list, count, log, true);
	bool named = rises || do_names_agree(list, count, log, false);

	for (size_t i = log; i < count; i++) {
		size_t oldest = i;
		for (size_t j = i + 1; j < count && list[i].log == log; j++) {
			if (list[j].log != log)
				continue;
			int order = named ? by_name(&list[j], &list[oldest], rises)
					  : by_name_or_time(&list[j], &list[oldest]);
			oldest = order < 0 ? j : oldest;
		}
		struct order swapped = list[i];
		list[i] = list[oldest];
		list[oldest] = swapped;
	}
}

void import_order(char **paths, size_t count, import_look look, void *self)
{
	struct order *list = xcalloc(count + 1, sizeof *list);

	for (size_t i = 0; i < count; i++) {
		list[i] = (struct order){paths[i], USEC_NONE, USEC_NONE, i};
		for (size_t j = 0; j < i && list[i].log == i; j++)
			if (list[j].log == j && series_is_one(paths[j], paths[i]))
				list[i].log = j;
	}
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < count; j++)
			if (j != i && list[j].log == list[i].log) {
				look(self, paths[i], &list[i].first, &list[i].last);
				break;
			}
	for (size_t log = 0; log < count; log++)
		if (list[log].log == log)
			sort(list, count, log);
	for (size_t i = 0; i < count; i++)
		paths[i] = list[i].path;
	free(list);
}
