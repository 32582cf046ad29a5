// SPDX-License-Identifier: Apache-2.0
// Partitions of the days of a batch. They are made before its transaction, because a partition that
// is attached inside it would keep readers out until the commit.
#include "store/write.h"

#include <stdlib.h>

// A day outside of the batch's own record times (delay stamps, wrong clocks) is worth a partition
// only when it brings this many rows; the rest partition takes fewer. So nobody can fill the
// database with empty days.
enum { WORTH_A_DAY = 1000 };

static int64_t day_of(usec_t at)
{
	return at / USEC_PER_DAY - (at % USEC_PER_DAY < 0);
}

static bool within_records(const struct batch *batch, int64_t day)
{
	for (size_t i = 0; i < batch->checkpoint_count; i++) {
		const struct batch_checkpoint *point = &batch->checkpoints[i];
		if (point->first_at == USEC_NONE || point->last_at == USEC_NONE)
			continue;
		if (day >= day_of(point->first_at) && day <= day_of(point->last_at))
			return true;
	}
	return false;
}

// A refusal (out of bounds, or a long query in the way) is asked for again after a while. Until then
// the rows of that day go to the rest partition; once the day is made they move there.
enum { ASK_AGAIN_SECONDS = 60 };

static uintptr_t second(void)
{
	return (uintptr_t)(usec_monotonic() / USEC_PER_SEC) + 1;
}

static bool is_known(const struct plan *plan, int64_t day)
{
	const void *known = map_get(&plan->writer->days, day);
	return known && (known == plan->writer || second() - (uintptr_t)known < ASK_AGAIN_SECONDS);
}

typedef VEC(int64_t) day_list;

struct day_counts {
	const struct plan *plan;
	struct map counts;
	day_list *wanted;
	int64_t known; // a day that is known: most times are of the day before
};

static void count_day(struct day_counts *it, usec_t at)
{
	int64_t day = day_of(usec_bounded(at));
	if (day == it->known)
		return;
	if (is_known(it->plan, day)) {
		it->known = day;
		return;
	}
	uintptr_t *count = (uintptr_t *)map_put(&it->counts, day);
	uintptr_t enough = within_records(it->plan->batch, day) ? 1 : WORTH_A_DAY;
	if (++*count == enough)
		*VEC_ADD(it->wanted) = day;
}

static void count_days(struct day_counts *it, const struct part *part)
{
	for (size_t i = 0; i < part->inserts.count; i++)
		count_day(it, part->inserts.items[i]->sent_at);
	for (size_t i = 0; i < part->updates.count; i++)
		count_day(it, part->updates.items[i].row->sent_at);
	for (size_t i = 0; i < part->acks.count; i++)
		count_day(it, part->acks.items[i]->evidence.first);
	for (size_t i = 0; i < part->sent.count; i++)
		count_day(it, part->sent.items[i].at);
	for (size_t i = 0; i < part->states.count; i++)
		count_day(it, part->states.items[i].seen->at);
}

static void list_days(const struct plan *plan, day_list *wanted)
{
	struct day_counts it = {.plan = plan, .wanted = wanted, .known = INT64_MIN};
	for (int i = 0; i < plan->part_count; i++)
		count_days(&it, &plan->parts[i]);
	map_free(&it.counts);
}

bool plan_needs_days(const struct plan *plan)
{
	day_list wanted = {0};
	list_days(plan, &wanted);
	free(wanted.items);
	return wanted.count > 0;
}

// A few at once: what is locked stays locked until the end of the statement's transaction.
enum { DAYS_AT_ONCE = 16 };

static bool make_days(struct plan *plan, const int64_t *days, size_t count, struct err *err)
{
	FIELDS_AUTO list = {0};
	FIELDS_AUTO params = {0};
	ROWS_AUTO rows = {0};
	for (size_t i = 0; i < count; i++)
		put_date(&list, days[i] * USEC_PER_DAY);
	put_array(&params, OF_DATE, &list);
	// Another process may make a day at the same time: the server's cache then tells this one that
	// the tables are not there although they are (42P07). A new transaction sees them.
	struct err first = {0};
	if (!sql_run(plan->store, "day_make", &params, &rows, &first)) {
		if (strcmp(plan->store->sqlstate, "42P07") != 0)
			return err_set(err, first.kind, "%s", first.text);
		if (!sql_run(plan->store, "day_make", &params, &rows, err))
			return false;
	}
	for (int i = 0; i < rows.count; i++) {
		int64_t day = day_of(row_usec(&rows, i, 0));
		void *made = row_bool(&rows, i, 1) ? (void *)plan->writer : (void *)second();
		*map_put(&plan->writer->days, day) = made;
	}
	return true;
}

bool plan_make_days(struct plan *plan, struct err *err)
{
	day_list wanted = {0};
	bool fine = true;
	list_days(plan, &wanted);
	for (size_t i = 0; fine && i < wanted.count; i += DAYS_AT_ONCE) {
		size_t left = wanted.count - i;
		fine = make_days(plan, wanted.items + i, left < DAYS_AT_ONCE ? left : DAYS_AT_ONCE,
				 err);
	}
	free(wanted.items);
	return fine;
}
