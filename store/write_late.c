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

struct day_list {
	struct map seen;
	struct fields days;
	int64_t last;
};

static void add_day(struct day_list *list, usec_t at)
{
	int64_t day = day_of(at);
	if (day == list->last)
		return;
	list->last = day;
	void **place = map_put(&list->seen, day);
	if (*place)
		return;
	*place = list;
	put_date(&list->days, day * USEC_PER_DAY);
}

static void list_days(const struct part *part, struct day_list *list)
{
	for (size_t i = 0; i < part->inserts.count; i++)
		add_day(list, part->inserts.items[i]->sent_at);
	for (size_t i = 0; i < part->updates.count; i++)
		add_day(list, part->updates.items[i].row->sent_at);
	for (size_t i = 0; i < part->acks.count; i++)
		add_day(list, part->acks.items[i]->evidence.first);
	for (size_t i = 0; i < part->sent.count; i++)
		add_day(list, part->sent.items[i].at);
	for (size_t i = 0; i < part->states.count; i++)
		add_day(list, part->states.items[i].seen->at);
}

static bool is_late(const struct map *dropped, usec_t at)
{
	return map_get(dropped, day_of(at)) != NULL;
}

static void refuse_inserts(struct part *part, const struct map *dropped, struct map *gone)
{
	size_t kept = 0;
	for (size_t i = 0; i < part->inserts.count; i++) {
		const struct row *row = part->inserts.items[i];
		if (!is_late(dropped, row->sent_at)) {
			part->inserts.items[kept++] = row;
			continue;
		}
		*VEC_ADD(&part->plan->late) = row->sent_at;
		*map_put(gone, row->key) = part;
	}
	part->inserts.count = kept;
}

// Earlier evidence moves a row to a day that is gone: the row goes with it.
static void refuse_updates(struct part *part, const struct map *dropped, struct map *gone)
{
	size_t kept = 0;
	for (size_t i = 0; i < part->updates.count; i++) {
		struct update update = part->updates.items[i];
		if (!is_late(dropped, update.row->sent_at)) {
			part->updates.items[kept++] = update;
			continue;
		}
		*VEC_ADD(&part->plan->late) = update.row->sent_at;
		*VEC_ADD(&part->removes) = update.was;
		*map_put(gone, update.row->key) = part;
	}
	part->updates.count = kept;
}

// P3: evidence of a message that is not there is an orphan, as it would be in a batch of its own.
static const struct stored_evidence *orphaned(struct part *part, size_t at)
{
	struct stored_evidence *copy = &part->late_acks[at];
	*copy = *part->acks.items[at];
	if (copy->evidence.class_ == ACK_PAIRED)
		copy->evidence.class_ =
			copy->evidence.kind == EV_RETRACTION ? ACK_NO_EFFECT : ACK_UNKNOWN;
	copy->evidence.n = 0;
	return copy;
}

static void refuse_evidence(struct part *part, const struct map *dropped, const struct map *gone)
{
	size_t kept = 0;
	part->late_acks = xcalloc(part->acks.count + 1, sizeof *part->late_acks);
	for (size_t i = 0; i < part->acks.count; i++) {
		const struct stored_evidence *ack = part->acks.items[i];
		if (is_late(dropped, ack->evidence.first))
			*VEC_ADD(&part->plan->late) = ack->evidence.first;
		else
			part->acks.items[kept++] =
				map_get(gone, ack->key) ? orphaned(part, i) : ack;
	}
	part->acks.count = kept;
}

static void refuse_sent(struct part *part, const struct map *dropped)
{
	size_t kept = 0;
	for (size_t i = 0; i < part->sent.count; i++) { // no fact of its own: not counted
		if (!is_late(dropped, part->sent.items[i].at))
			part->sent.items[kept++] = part->sent.items[i];
	}
	part->sent.count = kept;
}

static void refuse_states(struct part *part, const struct map *dropped)
{
	size_t kept = 0;
	for (size_t i = 0; i < part->states.count; i++) {
		if (is_late(dropped, part->states.items[i].seen->at))
			*VEC_ADD(&part->plan->late) = part->states.items[i].seen->at;
		else
			part->states.items[kept++] = part->states.items[i];
	}
	part->states.count = kept;
}

static void refuse_all(struct part *part, const struct map *dropped)
{
	struct map gone = {0};
	refuse_inserts(part, dropped, &gone);
	refuse_updates(part, dropped, &gone);
	refuse_evidence(part, dropped, &gone);
	refuse_sent(part, dropped);
	refuse_states(part, dropped);
	map_free(&gone);
}

static bool put_days(const struct plan *plan, struct fields *params)
{
	struct day_list list = {.last = INT64_MIN};
	for (int i = 0; i < plan->part_count; i++)
		list_days(&plan->parts[i], &list);
	put_array(params, OF_DATE, &list.days);
	bool any = list.days.count > 0;
	map_free(&list.seen);
	fields_free(&list.days);
	return any;
}

bool plan_refuse_late(struct plan *plan, struct err *err)
{
	FIELDS_AUTO params = {0};
	ROWS_AUTO rows = {0};
	struct map dropped = {0};
	if (!put_days(plan, &params))
		return true;
	if (!sql_run(plan->store, "dropped_days", &params, &rows, err))
		return false;
	for (int i = 0; i < rows.count; i++)
		*map_put(&dropped, day_of(row_usec(&rows, i, 0))) = plan;
	for (int i = 0; rows.count && i < plan->part_count; i++)
		refuse_all(&plan->parts[i], &dropped);
	map_free(&dropped);
	return true;
}

static int by_time(const void *a, const void *b)
{
	const usec_t *x = a, *y = b;
	return (*x > *y) - (*x < *y);
}

bool write_late(struct part *part, struct err *err)
{
	const struct plan *plan = part->plan;
	FIELDS_AUTO days = {0};
	FIELDS_AUTO counts = {0};
	FIELDS_AUTO params = {0};
	usec_t *late = plan->late.items;
	size_t first = 0;
	if (!plan->late.count || !is_last_part(part))
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
	return sql_run(part->store, "late_add", &params, NULL, err);
}
