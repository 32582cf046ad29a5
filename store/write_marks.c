// SPDX-License-Identifier: Apache-2.0
// How far the input was read and what dialects remember: written with the rows, so that a replay finds all of it or nothing (F82, F101).
#include "store/write.h"

#include <stdlib.h>

// --- marks ---

static int compare_marks(int64_t offset, int32_t index, int64_t other_offset, int32_t other_index)
{
	if (offset != other_offset)
		return offset < other_offset ? -1 : 1;
	return (index > other_index) - (index < other_index);
}

// A file of which nothing was read yet has no mark: (0, 0) would say that its first record is in.
static bool has_mark(const struct batch_checkpoint *point)
{
	return point->records || point->mark_offset || point->mark_index;
}

static bool mark_moved(const struct batch_checkpoint *point, long long stored, struct err *err)
{
	return err_set(
		err, ERR_DATABASE,
		"mark moved: generation %d is stored up to %lld, the batch began at %lld and "
		"ends at %llu",
		(int)point->generation, stored,
		point->has_from ? (long long)point->from_offset : -1LL,
		(unsigned long long)point->mark_offset);
}

// The batch was read from the mark that its stream knows. When somebody else has moved it, the batch
// holds records that are stored already, or lacks some that are not.
static bool check_mark(const struct batch_checkpoint *point, const struct rows *rows, int row,
		       struct err *err)
{
	int64_t offset = row_int(rows, row, 1);
	int32_t index = (int32_t)row_int(rows, row, 2);
	bool same =
		point->has_from && compare_marks((int64_t)point->from_offset,
						 (int32_t)point->from_index, offset, index) == 0;
	int order = compare_marks((int64_t)point->mark_offset, (int32_t)point->mark_index, offset,
				  index);
	if (same && (order > 0 || (order == 0 && point->records == 0)))
		return true;
	return mark_moved(point, (long long)offset, err);
}

static int row_of(const struct rows *rows, int32_t generation)
{
	for (int i = 0; i < rows->count; i++) {
		if (row_int(rows, i, 0) == generation)
			return i;
	}
	return -1;
}

// -1: the lane has no mark of it.
static int mark_of(const struct rows *rows, int32_t generation)
{
	int row = row_of(rows, generation);
	return row >= 0 && !row_null(rows, row, 1) ? row : -1;
}

// The first records of a new generation. Another process may have opened the same file at the same
// time and made a generation of its own; as long as nothing was stored, neither could know. So when
// anybody else has stored the first records of anything since the file was looked at, it is looked
// at again (F53, F84).
static bool check_first(struct plan *plan, const struct batch_checkpoint *point, struct err *err)
{
	FIELDS_AUTO params = {0};
	ROWS_AUTO rows = {0};
	put_int2(&params, LANE);
	if (!sql_run(plan->store, "lane_look", &params, &rows, err))
		return false;
	if (row_int(&rows, 0, 1) - plan->writer->first_marks == point->look)
		return true;
	return err_set(
		err, ERR_DATABASE,
		"generation %d: another process has begun a file meanwhile, it may be the same",
		(int)point->generation);
}

// Only builds for tests can save marks outside of the batch's transaction (store/write.c).
static bool marks_are_apart(void)
{
#ifdef RECEIPTD_TEST_HOOKS
	return getenv("RECEIPTD_TEST_MARKS") != NULL;
#else
	return false;
#endif
}

// Another lane is as far as lane 0, or as far ahead as the batch's stream knows.
static bool check_other(const struct batch_checkpoint *point, int lane, const struct rows *rows,
			int row, struct err *err)
{
	const struct lane_mark *ahead = &point->ahead[lane];
	bool set = ahead->set || point->has_from;
	int64_t offset = (int64_t)(ahead->set ? ahead->offset : point->from_offset);
	int32_t index = (int32_t)(ahead->set ? ahead->index : point->from_index);
	if (row < 0 ? !set
		    : set && compare_marks(row_int(rows, row, 1), (int32_t)row_int(rows, row, 2),
					   offset, index) == 0)
		return true;
	return mark_moved(point, row < 0 ? -1 : (long long)row_int(rows, row, 1), err);
}

static bool read_marks(struct plan *plan, int lane, struct rows *rows, struct err *err)
{
	FIELDS_AUTO generations = {0};
	FIELDS_AUTO params = {0};
	for (size_t i = 0; i < plan->batch->checkpoint_count; i++)
		put_int4(&generations, plan->batch->checkpoints[i].generation);
	put_int2(&params, lane);
	put_array(&params, OF_INT4, &generations);
	return sql_run(plan->store, "lane_marks", &params, rows, err);
}

static bool check_others(struct plan *plan, int lane, struct err *err)
{
	ROWS_AUTO rows = {0};
	if (!read_marks(plan, lane, &rows, err))
		return false;
	for (size_t i = 0; i < plan->batch->checkpoint_count; i++) {
		const struct batch_checkpoint *point = &plan->batch->checkpoints[i];
		if (!check_other(point, lane, &rows, mark_of(&rows, point->generation), err))
			return false;
	}
	return true;
}

// Asked under the lock, because another process may have read the file to its end after this one had opened
// it, and moved no mark: the end lay inside a record.
static void find_grown(struct plan *plan, const struct rows *rows)
{
	plan->grown.count = 0;
	for (size_t i = 0; i < plan->batch->checkpoint_count; i++) {
		const struct batch_checkpoint *point = &plan->batch->checkpoints[i];
		int row = row_of(rows, point->generation);
		if (row >= 0 && !row_null(rows, row, 3) &&
		    (point->offset > (uint64_t)row_int(rows, row, 3) || point->next_bytes))
			*VEC_ADD(&plan->grown) = point->generation;
	}
}

bool went_on(const struct plan *plan, const struct batch_checkpoint *point)
{
	size_t i = plan->grown.count;
	while (i > 0 && plan->grown.items[i - 1] != point->generation)
		i--;
	return i > 0;
}

static bool check_own(struct plan *plan, const struct rows *rows, struct err *err)
{
	for (size_t i = 0; i < plan->batch->checkpoint_count; i++) {
		const struct batch_checkpoint *point = &plan->batch->checkpoints[i];
		int row = mark_of(rows, point->generation);
		if (row >= 0 && !check_mark(point, rows, row, err))
			return false;
		if (row < 0 &&
		    point->has_from) // restored from a backup, or dropped to be read again
			return mark_moved(point, -1, err);
		if (row < 0 && has_mark(point) && !check_first(plan, point, err))
			return false;
	}
	return true;
}

bool check_marks(struct plan *plan, struct err *err)
{
	ROWS_AUTO rows = {0};
	if (!plan->batch->checkpoint_count)
		return true;
	if (!read_marks(plan, LANE, &rows, err))
		return false;
	find_grown(plan, &rows);
	if (marks_are_apart())
		return true;
	if (!check_own(plan, &rows, err))
		return false;
	for (int lane = 1; lane < LANES; lane++) {
		if (!check_others(plan, lane, err))
			return false;
	}
	return true;
}

void remember_marks(struct plan *plan)
{
	for (size_t i = 0; i < plan->batch->checkpoint_count; i++) {
		const struct batch_checkpoint *point = &plan->batch->checkpoints[i];
		plan->writer->first_marks += !point->has_from && has_mark(point);
	}
}

// The mark of a lane that is ahead stays until the batches have come as far.
static bool put_mark(struct store *store, int lane, const struct batch_checkpoint *point,
		     struct err *err)
{
	FIELDS_AUTO params = {0};
	ROWS_AUTO rows = {0};
	if (!has_mark(point))
		return true;
	put_int2(&params, lane);
	put_int4(&params, point->generation);
	put_int8(&params, (int64_t)point->mark_offset);
	put_int4(&params, (int32_t)point->mark_index);
	if (!sql_run(store, "lane_mark_put", &params, &rows, err))
		return false;
	if (rows.changed != 1 && !point->ahead[lane].set)
		return err_set(err, ERR_DATABASE, "mark moved: generation %d",
			       (int)point->generation);
	return true;
}

static void put_hash(struct fields *params, uint32_t length, const unsigned char hash[32])
{
	put_int4(params, (int32_t)length);
	put_bytea(params, length ? (struct text){(const char *)hash, 32} : TEXT(""));
}

static bool put_generation(struct plan *plan, const struct batch_checkpoint *point, struct err *err)
{
	FIELDS_AUTO params = {0};
	ROWS_AUTO rows = {0};
	put_int4(&params, point->generation);
	put_int8(&params, (int64_t)point->low_water);
	put_hash(&params, point->print.head_len, point->print.head);
	put_hash(&params, point->print.tail_len, point->print.tail);
	put_int8(&params, (int64_t)point->size);
	put_usec(&params, usec_bounded(point->first_at));
	put_usec(&params, usec_bounded(point->last_at));
	put_int8(&params, (int64_t)point->records);
	put_int8(&params, (int64_t)point->stanzas);
	put_bool(&params, point->finished);
	put_int4(&params, point->reader);
	put_bool(&params, went_on(plan, point));
	if (!sql_run(plan->store, "generation_put", &params, &rows, err))
		return false;
	if (rows.changed != 1)
		return err_set(err, ERR_INTERNAL, "there is no generation %d",
			       (int)point->generation);
	return true;
}

// A source counts as complete up to now only when its end was reached (store_honesty).
static bool put_checked(struct plan *plan, struct err *err)
{
	FIELDS_AUTO generations = {0};
	FIELDS_AUTO times = {0};
	FIELDS_AUTO params = {0};
	for (size_t i = 0; i < plan->batch->checkpoint_count; i++) {
		const struct batch_checkpoint *point = &plan->batch->checkpoints[i];
		if (point->unheard || point->seen_at == USEC_NONE ||
		    !(point->finished || point->low_water >= point->size))
			continue;
		put_int4(&generations, point->generation);
		put_usec(&times, point->seen_at);
	}
	if (!generations.count)
		return true;
	put_array(&params, OF_INT4, &generations);
	put_array(&params, OF_TIMESTAMPTZ, &times);
	return sql_run(plan->store, "source_checked", &params, NULL, err);
}

static bool put_marks(struct store *store, const struct batch *batch, int lane, struct err *err)
{
	for (size_t i = 0; i < batch->checkpoint_count; i++) {
		if (!put_mark(store, lane, &batch->checkpoints[i], err))
			return false;
	}
	return true;
}

// On lane 0's connection.
bool put_checkpoints(struct plan *plan, struct err *err)
{
	for (int lane = 0; lane < LANES; lane++) {
		bool apart = lane > 0 && plan->part_count > 1;
		if (!apart && !put_marks(plan->store, plan->batch, lane, err))
			return false;
	}
	for (size_t i = 0; i < plan->batch->checkpoint_count; i++) {
		if (!put_generation(plan, &plan->batch->checkpoints[i], err))
			return false;
	}
	return put_checked(plan, err);
}

// --- line counters ---

static usec_t newest_record(const struct batch *batch)
{
	usec_t newest = USEC_NONE;
	for (size_t i = 0; i < batch->checkpoint_count; i++) {
		if (batch->checkpoints[i].last_at > newest)
			newest = batch->checkpoints[i].last_at;
	}
	return usec_bounded(newest == USEC_NONE ? usec_now() : newest);
}

static bool add_line_counters(struct plan *plan, struct err *err)
{
	const int64_t *counts = pairing_line_counts(plan->batch->pairing);
	FIELDS_AUTO name = {0};
	FIELDS_AUTO n = {0};
	FIELDS_AUTO params = {0};
	for (int i = 0; i < LINE_COUNTERS; i++) {
		if (counts[i]) {
			put_zstr(&name, line_counter_names[i]);
			put_int8(&n, counts[i]);
		}
	}
	if (!n.count)
		return true;
	put_int4(&params, plan->batch->realm);
	put_date(&params, newest_record(plan->batch));
	put_array(&params, OF_TEXT, &name);
	put_array(&params, OF_INT8, &n);
	return sql_run(plan->store, "line_counter_add", &params, NULL, err);
}

// --- facts of dialects ---

enum { FACT_KEY_MAX = 2000 }; // an index entry has at most 2704 bytes (54000)

struct fact_at {
	const struct batch_fact *fact;
	size_t order;
};

static int by_fact(const void *a, const void *b)
{
	const struct fact_at *x = a, *y = b;
	if (x->fact->generation != y->fact->generation)
		return x->fact->generation < y->fact->generation ? -1 : 1;
	if (x->fact->at_end != y->fact->at_end)
		return x->fact->at_end ? 1 : -1;
	int order = text_compare(x->fact->key, y->fact->key);
	return order ? order : (x->order > y->order) - (x->order < y->order);
}

static bool is_last_of_key(const struct fact_at *list, size_t i)
{
	const struct batch_fact *fact = list[i].fact, *next = list[i + 1].fact; // NULL at the end
	return !next || next->generation != fact->generation || next->at_end != fact->at_end ||
	       !text_same(next->key, fact->key);
}

struct fact_queries {
	struct fields grown; // generations
	struct {
		struct fields generation, key;
	} gone;
	struct {
		struct fields generation, at_end, key, value;
	} kept;
};

static void fact_queries_free(struct fact_queries *q)
{
	struct fields *all[] = {&q->grown,           &q->gone.generation, &q->gone.key,
				&q->kept.generation, &q->kept.at_end,     &q->kept.key,
				&q->kept.value};
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		fields_free(all[i]);
}
#define FACT_QUERIES_AUTO __attribute__((cleanup(fact_queries_free))) struct fact_queries

// What was forgotten at the end of a file is kept as such: the file before the end still knows it.
static void sort_out(struct part *part, const struct batch_fact *fact, struct fact_queries *q)
{
	if (!fact->value.p && !fact->at_end) {
		put_int4(&q->gone.generation, fact->generation);
		part->changed_texts += !put_safe(&q->gone.key, fact->key);
		return;
	}
	put_int4(&q->kept.generation, fact->generation);
	put_bool(&q->kept.at_end, fact->at_end);
	part->changed_texts += !put_safe(&q->kept.key, fact->key);
	part->changed_texts += !put_safe(&q->kept.value, fact->value.p ? fact->value : TEXT(""));
}

static bool forget_facts(struct plan *plan, const struct fact_queries *q, struct err *err)
{
	FIELDS_AUTO grown = {0};
	FIELDS_AUTO gone = {0};
	if (q->grown.count) {
		put_array(&grown, OF_INT4, &q->grown);
		if (!sql_run(plan->store, "fact_go_on", &grown, NULL, err))
			return false;
	}
	if (!q->gone.generation.count)
		return true;
	put_array(&gone, OF_INT4, &q->gone.generation);
	put_array(&gone, OF_TEXT, &q->gone.key);
	return sql_run(plan->store, "fact_forget", &gone, NULL, err);
}

static bool keep_facts(struct plan *plan, const struct fact_queries *q, struct err *err)
{
	FIELDS_AUTO params = {0};
	if (!q->kept.generation.count)
		return true;
	put_array(&params, OF_INT4, &q->kept.generation);
	put_array(&params, OF_BOOL, &q->kept.at_end);
	put_array(&params, OF_TEXT, &q->kept.key);
	put_array(&params, OF_TEXT, &q->kept.value);
	return sql_run(plan->store, "fact_put", &params, NULL, err);
}

static bool put_facts(struct part *part, struct err *err)
{
	struct plan *plan = part->plan;
	FACT_QUERIES_AUTO q = {0};
	size_t count = plan->batch->fact_count;
	struct fact_at *list = xcalloc(count + 1, sizeof *list);
	for (size_t i = 0; i < count; i++)
		list[i] = (struct fact_at){&plan->batch->facts[i], i};
	qsort(list, count, sizeof *list, by_fact);
	for (size_t i = 0; i < count; i++) {
		const struct batch_fact *fact = list[i].fact;
		bool first = i == 0 || list[i - 1].fact->generation != fact->generation;
		if (first && !fact->at_end)
			put_int4(&q.grown, fact->generation);
		if (is_last_of_key(list, i) && fact->key.n <= FACT_KEY_MAX)
			sort_out(part, fact, &q);
	}
	free(list);
	for (size_t i = 0; i < plan->batch->checkpoint_count; i++) {
		if (went_on(plan, &plan->batch->checkpoints[i]))
			put_int4(&q.grown, plan->batch->checkpoints[i].generation);
	}
	return forget_facts(plan, &q, err) && keep_facts(plan, &q, err);
}

// --- the batch ---

static size_t news_of(const struct part *part)
{
	return part->removes.count + part->updates.count + part->inserts.count +
	       part->marked.count + part->ack_removes.count + part->acks.count +
	       part->findings.count + part->withdraws.count;
}

// A look at the end of a quiet file: nothing becomes visible, so it gets no commit number.
static bool is_idle(const struct plan *plan)
{
	const struct batch *batch = plan->batch;
	size_t news = batch->gap_count + batch->quarantine_count + plan->grown.count;
	for (int i = 0; i < plan->part_count; i++)
		news += news_of(&plan->parts[i]);
	for (size_t i = 0; i < batch->checkpoint_count; i++)
		news += batch->checkpoints[i].records > 0;
	return news == 0 && batch->events == 0;
}

static bool add_batch(struct plan *plan, struct err *err)
{
	FIELDS_AUTO params = {0};
	size_t inserted = 0, updated = 0;
	if (is_idle(plan)) {
		plan->commit = plan->lane_commit;
		return true;
	}
	for (int i = 0; i < plan->part_count; i++) {
		inserted += plan->parts[i].inserts.count;
		updated += plan->parts[i].updates.count + plan->parts[i].marked.count;
	}
	put_int8(&params, plan->commit);
	put_int2(&params, LANE);
	put_int4(&params, plan->batch->realm);
	put_int8(&params, (int64_t)plan->batch->events);
	put_int8(&params, (int64_t)inserted);
	put_int8(&params, (int64_t)updated);
	put_array(&params, OF_TIMESTAMPTZ, &plan->spans);
	return sql_run(plan->store, "batch_add", &params, NULL, err);
}

static bool write_own_marks(struct part *part, struct err *err)
{
	FIELDS_AUTO params = {0};
	put_int8(&params, part->plan->commit);
	put_int2(&params, part->lane);
	return put_marks(part->store, part->plan->batch, part->lane, err) &&
	       sql_run(part->store, "lane_commit", &params, NULL, err);
}

bool write_marks(struct part *part, struct err *err)
{
	struct plan *plan = part->plan;
	if (!is_last_part(part))
		return write_own_marks(part, err);
	return add_line_counters(plan, err) && write_unread(plan, err) && put_facts(part, err) &&
	       (marks_are_apart() || put_checkpoints(plan, err)) && add_batch(plan, err);
}
