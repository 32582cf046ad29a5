// SPDX-License-Identifier: Apache-2.0
// What comes for days that retention has dropped is counted (line counter late_dropped, under the
// day it belongs to) and not stored: it would stand there without its neighbours. Positions advance.
#include "store/write.h"

#include <stdlib.h>

static int64_t day_of(usec_t at)
{
	at = usec_bounded(at);
	return at / USEC_PER_DAY - (at % USEC_PER_DAY < 0);
}

static void add_day(struct map *seen, struct fields *days, usec_t at)
{
	void **place = map_put(seen, day_of(at));
	if (*place)
		return;
	*place = seen;
	put_date(days, day_of(at) * USEC_PER_DAY);
}

static void list_days(const struct plan *plan, struct fields *days)
{
	struct map seen = {0};
	for (size_t i = 0; i < plan->inserts.count; i++)
		add_day(&seen, days, plan->inserts.items[i]->sent_at);
	for (size_t i = 0; i < plan->updates.count; i++)
		add_day(&seen, days, plan->updates.items[i].row->sent_at);
	for (size_t i = 0; i < plan->acks.count; i++)
		add_day(&seen, days, plan->acks.items[i]->evidence.first);
	for (size_t i = 0; i < plan->sent.count; i++)
		add_day(&seen, days, plan->sent.items[i].at);
	for (size_t i = 0; i < plan->states.count; i++)
		add_day(&seen, days, plan->states.items[i].seen->at);
	map_free(&seen);
}

static bool is_late(const struct map *dropped, usec_t at)
{
	return map_get(dropped, day_of(at)) != NULL;
}

static void refuse_inserts(struct plan *plan, const struct map *dropped, struct map *gone)
{
	size_t kept = 0;
	for (size_t i = 0; i < plan->inserts.count; i++) {
		const struct row *row = plan->inserts.items[i];
		if (!is_late(dropped, row->sent_at)) {
			plan->inserts.items[kept++] = row;
			continue;
		}
		*VEC_ADD(&plan->late) = row->sent_at;
		*map_put(gone, row->key) = plan;
	}
	plan->inserts.count = kept;
}

// Earlier evidence moves a row to a day that is gone: the row goes with it.
static void refuse_updates(struct plan *plan, const struct map *dropped, struct map *gone)
{
	size_t kept = 0;
	for (size_t i = 0; i < plan->updates.count; i++) {
		struct update update = plan->updates.items[i];
		if (!is_late(dropped, update.row->sent_at)) {
			plan->updates.items[kept++] = update;
			continue;
		}
		*VEC_ADD(&plan->late) = update.row->sent_at;
		*VEC_ADD(&plan->removes) = update.was;
		*map_put(gone, update.row->key) = plan;
	}
	plan->updates.count = kept;
}

// P3: evidence of a message that is not there is an orphan, as it would be in a batch of its own.
static const struct stored_evidence *orphaned(struct plan *plan, size_t at)
{
	struct stored_evidence *copy = &plan->late_acks[at];
	*copy = *plan->acks.items[at];
	if (copy->evidence.class_ == ACK_PAIRED)
		copy->evidence.class_ =
			copy->evidence.kind == EV_RETRACTION ? ACK_NO_EFFECT : ACK_UNKNOWN;
	copy->evidence.n = 0;
	return copy;
}

static void refuse_evidence(struct plan *plan, const struct map *dropped, const struct map *gone)
{
	size_t kept = 0;
	plan->late_acks = xcalloc(plan->acks.count + 1, sizeof *plan->late_acks);
	for (size_t i = 0; i < plan->acks.count; i++) {
		const struct stored_evidence *ack = plan->acks.items[i];
		if (is_late(dropped, ack->evidence.first))
			*VEC_ADD(&plan->late) = ack->evidence.first;
		else
			plan->acks.items[kept++] =
				map_get(gone, ack->key) ? orphaned(plan, i) : ack;
	}
	plan->acks.count = kept;
}

static void refuse_sent(struct plan *plan, const struct map *dropped)
{
	size_t kept = 0;
	for (size_t i = 0; i < plan->sent.count; i++) { // no fact of its own: not counted
		if (!is_late(dropped, plan->sent.items[i].at))
			plan->sent.items[kept++] = plan->sent.items[i];
	}
	plan->sent.count = kept;
}

static void refuse_states(struct plan *plan, const struct map *dropped)
{
	size_t kept = 0;
	for (size_t i = 0; i < plan->states.count; i++) {
		if (is_late(dropped, plan->states.items[i].seen->at))
			*VEC_ADD(&plan->late) = plan->states.items[i].seen->at;
		else
			plan->states.items[kept++] = plan->states.items[i];
	}
	plan->states.count = kept;
}

bool plan_refuse_late(struct plan *plan, struct err *err)
{
	FIELDS_AUTO days = {0};
	FIELDS_AUTO params = {0};
	ROWS_AUTO rows = {0};
	struct map dropped = {0}, gone = {0};
	list_days(plan, &days);
	put_array(&params, OF_DATE, &days);
	if (!days.count)
		return true;
	if (!sql_run(plan->store, "dropped_days", &params, &rows, err))
		return false;
	for (int i = 0; i < rows.count; i++)
		*map_put(&dropped, day_of(row_usec(&rows, i, 0))) = plan;
	if (rows.count) {
		refuse_inserts(plan, &dropped, &gone);
		refuse_updates(plan, &dropped, &gone);
		refuse_evidence(plan, &dropped, &gone);
		refuse_sent(plan, &dropped);
		refuse_states(plan, &dropped);
	}
	map_free(&dropped);
	map_free(&gone);
	return true;
}

static int by_time(const void *a, const void *b)
{
	const usec_t *x = a, *y = b;
	return (*x > *y) - (*x < *y);
}

bool write_late(struct plan *plan, struct err *err)
{
	FIELDS_AUTO days = {0};
	FIELDS_AUTO counts = {0};
	FIELDS_AUTO params = {0};
	usec_t *late = plan->late.items;
	size_t first = 0;
	if (!plan->late.count)
		return true;
	qsort(late, plan->late.count, sizeof *late, by_time);
	for (size_t i = 0; i < plan->late.count; i++) {
		if (i + 1 < plan->late.count && day_of(late[i + 1]) == day_of(late[i]))
			continue;
		put_date(&days, day_of(late[i]) * USEC_PER_DAY);
		put_int8(&counts, (int64_t)(i + 1 - first));
		first = i + 1;
	}
	put_int4(&params, plan->batch->realm);
	put_array(&params, OF_DATE, &days);
	put_array(&params, OF_INT8, &counts);
	return sql_run(plan->store, "late_add", &params, NULL, err);
}
