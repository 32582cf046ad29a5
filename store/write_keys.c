// SPDX-License-Identifier: Apache-2.0
// Which keys are stored where (table known_keys), and which ids evidence waits for: read by commit number under the lane's lock, kept
// in memory as filters, written in the transaction of the rows. So whatever is stored is in the
// filter, also after a crash, with a second ingester, and when rows move to another day.
#include "store/write.h"

#include <stdlib.h>

// Days that cannot have a partition (make_day) share a place at either end.
#define FIRST_DAY INT64_C(16435) // 2014-12-31
#define LAST_DAY INT64_C(47482)  // 2100-01-01

int64_t keys_day(usec_t at)
{
	usec_t bounded = usec_bounded(at);
	int64_t day = bounded / USEC_PER_DAY - (bounded % USEC_PER_DAY < 0);
	return day < FIRST_DAY ? FIRST_DAY : day > LAST_DAY ? LAST_DAY : day;
}

usec_t keys_day_start(int64_t day)
{
	return day <= FIRST_DAY ? INT64_MIN / 2 : day * USEC_PER_DAY;
}

usec_t keys_day_end(int64_t day) // inclusive
{
	return day >= LAST_DAY ? INT64_MAX / 2 : (day + 1) * USEC_PER_DAY - 1;
}

// --- what is stored ---

static bool take_keys(void *self, const struct rows *rows)
{
	struct writer *writer = self;
	int64_t day = keys_day(row_usec(rows, 0, 0));
	struct text keys = row_text(rows, 0, 1);
	for (size_t i = 0; i + 4 <= keys.n; i += 4) {
		const unsigned char *at = (const unsigned char *)keys.p + i;
		key_filter_add(writer->keys, day,
			       (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 |
				       (uint32_t)at[2] << 8 | at[3]);
	}
	return true;
}

// Another connection may lead to another database: a restored one, or a standby that was behind. Its
// commit numbers say something else.
static void forget_keys(struct store *store, int64_t lane_commit)
{
	struct writer *writer = store->writer;
	if (writer->keys && writer->keys_connection == store->connections &&
	    writer->keys_commit <= lane_commit)
		return;
	key_filter_free(writer->keys);
	writer->keys = key_filter_new();
	writer->keys_commit = -1;
	writer->keys_connection = store->connections;
}

bool keys_refresh(struct store *store, int64_t lane_commit, struct err *err)
{
	struct writer *writer = store->writer;
	FIELDS_AUTO params = {0};
	forget_keys(store, lane_commit);
	if (writer->keys_commit == lane_commit)
		return true;
	convs_forget(writer); // somebody else wrote
	put_int8(&params, writer->keys_commit);
	if (!sql_each(store, "known_keys_load", &params, writer, take_keys, err))
		return false;
	writer->keys_commit = lane_commit;
	return true;
}

// --- what this batch stores ---

static void add_key(struct part *part, int64_t key, usec_t at)
{
	*VEC_ADD(&part->keys) = (struct key_day){keys_day(at), (uint32_t)key};
}

// Evidence that is written anew in its old place is listed already. Loaded evidence is in order of key and
// time.
static bool is_listed(const struct part *part, const struct stored_evidence *ack)
{
	const struct plan *plan = part->plan;
	int64_t day = keys_day(ack->evidence.first);
	size_t lo = plan_first_stored(plan, ack->key), hi = plan->stored.count;
	while (lo < hi) {
		size_t middle = lo + (hi - lo) / 2;
		const struct place *at = &plan->stored.items[middle];
		if (at->key == ack->key && keys_day(at->at) < day)
			lo = middle + 1;
		else
			hi = middle;
	}
	return lo < plan->stored.count && plan->stored.items[lo].key == ack->key &&
	       keys_day(plan->stored.items[lo].at) == day;
}

// Under its key, and under the ids that it waits for: as load_orphans.sql looks for it.
static void add_ack(struct part *part, const struct stored_evidence *ack)
{
	const struct evidence *ev = &ack->evidence;
	bool waits = ev->class_ != ACK_PAIRED;
	if (!is_listed(part, ack))
		add_key(part, ack->key, ev->first);
	if (waits)
		add_key(part, ack->about, ev->first);
	if (waits || (ev->leg != LEG_DIRECT && ack->about_self))
		add_key(part, ack->about_self, ev->first);
}

int64_t keys_states(int64_t conv, int64_t device)
{
	return conv ^ device;
}

// The states of one device in one conversation stand together.
static void add_state(struct part *part, size_t at)
{
	const struct new_state *state = &part->states.items[at];
	int64_t key = keys_states(state->seen->conv, state->device);
	const struct new_state *before = at ? state - 1 : NULL;
	if (!before || keys_states(before->seen->conv, before->device) != key ||
	    keys_day(before->seen->at) != keys_day(state->seen->at))
		add_key(part, key, state->seen->at);
}

// No day is negative (FIRST_DAY).
static void sort_keys(struct part *part)
{
	size_t count = part->keys.count;
	struct numbered *order = xcalloc(count, sizeof *order);
	for (size_t i = 0; i < count; i++) {
		const struct key_day *at = &part->keys.items[i];
		order[i].number = (uint64_t)at->day << 32 | at->part;
	}
	order_by_number(order, count);
	for (size_t i = 0; i < count; i++)
		part->keys.items[i] = (struct key_day){(int64_t)(order[i].number >> 32),
						       (uint32_t)order[i].number};
	free(order);
}

void keys_collect(struct part *part)
{
	const struct row *before = NULL;
	for (size_t i = 0; i < part->inserts.count; i++) {
		const struct row *row = part->inserts.items[i]; // sorted by conversation and time
		add_key(part, row->key, row->sent_at);
		if (!before || before->conv != row->conv ||
		    keys_day(before->sent_at) != keys_day(row->sent_at))
			add_key(part, row->conv, row->sent_at);
		before = row;
	}
	for (size_t i = 0; i < part->updates.count; i++) {
		const struct update *update = &part->updates.items[i];
		if (keys_day(update->was->sent_at) == keys_day(update->row->sent_at))
			continue;
		add_key(part, update->row->key, update->row->sent_at);
		add_key(part, update->row->conv, update->row->sent_at);
	}
	for (size_t i = 0; i < part->acks.count; i++)
		add_ack(part, part->acks.items[i]);
	for (size_t i = 0; i < part->states.count; i++)
		add_state(part, i);
	sort_keys(part);
}

// --- days that are not listed any more ---

struct stored_days {
	struct plan *plan;
	struct map seen;
	int64_t last; // most times are of the day before
};

static void note_day(struct stored_days *it, usec_t at)
{
	int64_t day = keys_day(at);
	if (day == it->last)
		return;
	it->last = day;
	void **place = map_put(&it->seen, day);
	if (!*place)
		*VEC_ADD(&it->plan->stored_days) = day;
	*place = it->plan;
}

static void note_part(struct stored_days *it, const struct part *part)
{
	for (size_t i = 0; i < part->inserts.count; i++)
		note_day(it, part->inserts.items[i]->sent_at);
	for (size_t i = 0; i < part->updates.count; i++) {
		const struct update *update = &part->updates.items[i];
		if (keys_day(update->was->sent_at) != keys_day(update->row->sent_at))
			note_day(it, update->row->sent_at);
	}
	for (size_t i = 0; i < part->acks.count; i++)
		note_day(it, part->acks.items[i]->evidence.first);
}

void keys_note_days(struct plan *plan)
{
	struct stored_days it = {.plan = plan, .last = INT64_MIN};
	plan->stored_days.count = 0;
	for (int i = 0; i < plan->part_count; i++)
		note_part(&it, &plan->parts[i]);
	map_free(&it.seen);
}

static void put_stored_days(struct fields *params, const struct part *part)
{
	FIELDS_AUTO days = {0};
	const struct plan *plan = part->plan;
	for (size_t i = 0; is_first_part(part) && i < plan->stored_days.count; i++)
		put_date(&days, plan->stored_days.items[i] * USEC_PER_DAY);
	put_array(params, OF_DATE, &days);
}

// --- writing ---

static void put_lists(const struct part *part, struct fields *day, struct fields *keys)
{
	struct buf list = {0};
	for (size_t i = 0; i < part->keys.count; i++) {
		const struct key_day *at = &part->keys.items[i];
		bool last = i + 1 == part->keys.count || at[1].day != at->day;
		if (last || at[1].part != at->part)
			buf_be32(&list, at->part);
		if (!last)
			continue;
		put_date(day, at->day * USEC_PER_DAY);
		put_bytea(keys, buf_view(&list));
		list.len = 0;
	}
	buf_free(&list);
}

// Live batches are short: their lists are put together from time to time.
enum { MERGE_EVERY = 256 };

static bool merge_lists(struct part *part, struct err *err)
{
	FIELDS_AUTO params = {0};
	if (part->plan->commit % MERGE_EVERY)
		return true;
	put_int2(&params, part->lane);
	return sql_run(part->store, "known_keys_merge", &params, NULL, err);
}

bool write_keys(struct part *part, struct err *err)
{
	FIELDS_AUTO day = {0};
	FIELDS_AUTO keys = {0};
	FIELDS_AUTO params = {0};
	if (!part->keys.count && !(is_first_part(part) && part->plan->stored_days.count))
		return true;
	put_lists(part, &day, &keys);
	put_int2(&params, part->lane);
	put_int8(&params, part->plan->commit);
	put_array(&params, OF_DATE, &day);
	put_array(&params, OF_BYTEA, &keys);
	put_stored_days(&params, part);
	return sql_run(part->store, "known_keys_add", &params, NULL, err) && merge_lists(part, err);
}

// The batch is committed, and nobody wrote in between.
void keys_remember(struct plan *plan)
{
	for (int i = 0; i < plan->part_count; i++) {
		const struct part *part = &plan->parts[i];
		for (size_t k = 0; k < part->keys.count; k++)
			key_filter_add(plan->writer->keys, part->keys.items[k].day,
				       part->keys.items[k].part);
	}
	plan->writer->keys_commit = plan->commit;
}
