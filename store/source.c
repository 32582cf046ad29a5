// SPDX-License-Identifier: Apache-2.0
// Sources, generations and what dialects remember. Their numbers are "greatest + 1"
// under an advisory lock: no sequences, so the schema can be spread over nodes (DESIGN section
// 5).
#include "store/read.h"
#include "store/write.h"

#include "core/json.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

bool begin_alone(struct store *store, struct err *err)
{
	FIELDS_AUTO lock = {0};
	put_int4(&lock, LOCK_SPACE);
	put_int4(&lock, LOCK_NAMES);
	return txn_begin(store, TXN_WRITE, err) && sql_run(store, "lock", &lock, NULL, err);
}

bool put_alone(struct store *store, const char *name, const struct fields *params,
	       struct rows *rows, struct err *err)
{
	if (!begin_alone(store, err) || !sql_run(store, name, params, rows, err) ||
	    !txn_commit(store, err)) {
		txn_rollback(store);
		return false;
	}
	if (rows->count != 1)
		return err_set(err, ERR_INTERNAL, "%s: nothing was stored", name);
	return true;
}

// *number = its first column.
static bool put_named(struct store *store, const char *name, const struct fields *params,
		      int32_t *number, struct err *err)
{
	ROWS_AUTO rows = {0};
	if (!put_alone(store, name, params, &rows, err))
		return false;
	*number = (int32_t)row_int(&rows, 0, 0);
	return true;
}

// --- sources ---

static bool find_source(struct store *store, int32_t realm, struct text name, struct rows *rows,
			struct err *err)
{
	FIELDS_AUTO params = {0};
	put_int4(&params, realm);
	put_text(&params, name);
	return sql_run(store, "source_find", &params, rows, err);
}

static bool put_source(struct store *store, int32_t realm, struct text name,
		       const struct source_setup *setup, int32_t *source, struct err *err)
{
	FIELDS_AUTO params = {0};
	put_int4(&params, realm);
	put_text(&params, name);
	put_zstr(&params, setup->dialect);
	put_zstr(&params, setup->path);
	put_bool(&params, setup->live);
	put_int4(&params, setup->of_file);
	return put_named(store, "source_put", &params, source, err);
}

bool store_source(struct store *store, int32_t realm, const char *name,
		  const struct source_setup *setup, int32_t *source, struct err *err)
{
	ROWS_AUTO rows = {0};
	if (!find_source(store, realm, text_of(name), &rows, err))
		return false;
	if (rows.count && text_is(row_text(&rows, 0, 1), setup->dialect) &&
	    text_same(row_text(&rows, 0, 2), text_of(setup->path)) &&
	    row_bool(&rows, 0, 3) == setup->live) {
		*source = (int32_t)row_int(&rows, 0, 0);
		return true;
	}
	return put_source(store, realm, text_of(name), setup, source, err);
}

bool store_feed(struct store *store, int32_t realm, struct text name, int32_t *source,
		struct err *err)
{
	ROWS_AUTO rows = {0};
	if (!find_source(store, realm, name, &rows, err))
		return false;
	if (!rows.count) // never live: what names it is read from a source that is
		return put_source(store, realm, name, &(struct source_setup){.dialect = ""}, source,
				  err);
	*source = (int32_t)row_int(&rows, 0, 0);
	return true;
}

// --- generations ---

static uint32_t read_hash(const struct rows *rows, int row, int column, unsigned char out[32])
{
	struct text hash = row_text(rows, row, column + 1);
	memset(out, 0, 32);
	if (hash.n != 32)
		return 0;
	memcpy(out, hash.p, 32);
	return (uint32_t)row_int(rows, row, column);
}

static struct generation read_generation(const struct rows *rows, int row)
{
	struct generation out = {
		.id = (int32_t)row_int(rows, row, 0),
		.source = (int32_t)row_int(rows, row, 1),
		.low_water = (uint64_t)row_int(rows, row, 2),
		.mark_offset = (uint64_t)row_int(rows, row, 3),
		.mark_index = (uint32_t)row_int(rows, row, 4),
		.has_mark = !row_null(rows, row, 3),
		.finished = row_bool(rows, row, 9),
		.reader = (int32_t)row_int(rows, row, 10),
		.size = (uint64_t)row_int(rows, row, 11),
	};
	out.print.head_len = read_hash(rows, row, 5, out.print.head);
	out.print.tail_len = read_hash(rows, row, 7, out.print.tail);
	return out;
}

// Lanes that hold more of these generations than lane 0.
static bool read_ahead(struct store *store, struct generation *list, size_t count, struct err *err)
{
	ROWS_AUTO rows = {0};
	if (!sql_run(store, "lane_ahead", NULL, &rows, err))
		return false;
	for (int i = 0; i < rows.count; i++) {
		int64_t lane = row_int(&rows, i, 1);
		for (size_t g = 0; g < count && lane < LANES; g++) {
			if (list[g].id == row_int(&rows, i, 0))
				list[g].ahead[lane] =
					(struct lane_mark){true, (uint64_t)row_int(&rows, i, 2),
							   (uint32_t)row_int(&rows, i, 3)};
		}
	}
	return true;
}

bool store_generations(struct store *store, int32_t realm, struct generation *list, size_t max,
		       size_t *count, struct err *err)
{
	FIELDS_AUTO params = {0};
	ROWS_AUTO rows = {0};
	int64_t look;
	if (!lane_enter(store, &look, err)) // first: what happens after it is seen by check_marks
		return false;
	put_int4(&params, realm);
	put_int2(&params, LANE);
	put_int8(&params, max > INT32_MAX ? INT32_MAX : (int64_t)max);
	if (!sql_run(store, "generations", &params, &rows, err))
		return false;
	store->writer->look = look;
	for (int i = 0; i < rows.count; i++) {
		list[i] = read_generation(&rows, i);
		list[i].look = look;
	}
	*count = (size_t)rows.count;
	return read_ahead(store, list, *count, err);
}

bool store_generation_new(struct store *store, int32_t source, const char *path,
			  const struct fingerprint *print, struct generation *generation,
			  struct err *err)
{
	FIELDS_AUTO params = {0};
	put_int4(&params, source);
	put_zstr(&params, path);
	put_int4(&params, (int32_t)print->head_len);
	put_bytea(&params, (struct text){(const char *)print->head, sizeof print->head});
	int32_t id;
	if (!put_named(store, "generation_add", &params, &id, err))
		return err_wrap(err, "%s", path);
	*generation = (struct generation){
		.id = id, .source = source, .reader = source, .look = store_writer(store)->look};
	generation->print.head_len = print->head_len;
	memcpy(generation->print.head, print->head, sizeof print->head);
	return true;
}

bool store_generations_bare(struct store *store, const int32_t *generations, size_t count,
			    struct err *err)
{
	FIELDS_AUTO ids = {0};
	FIELDS_AUTO params = {0};
	for (size_t i = 0; i < count; i++)
		put_int4(&ids, generations[i]);
	put_array(&params, OF_INT4, &ids);
	return !count || sql_run(store, "generation_bare", &params, NULL, err);
}

// --- what dialects remember ---

struct recall {
	void *self;
	void (*fact)(void *self, struct text key, struct text value);
};

static bool recall_row(void *self, const struct rows *row)
{
	struct recall *recall = self;
	recall->fact(recall->self, row_text(row, 0, 0), row_text(row, 0, 1));
	return true;
}

static bool recall(struct store *store, const char *name, int32_t id, struct recall recall,
		   struct err *err)
{
	FIELDS_AUTO params = {0};
	put_int4(&params, id);
	return sql_each(store, name, &params, &recall, recall_row, err);
}

bool store_recall(struct store *store, int32_t generation, void *self,
		  void (*fact)(void *self, struct text key, struct text value), struct err *err)
{
	return recall(store, "recall", generation, (struct recall){self, fact}, err);
}

bool store_recall_last(struct store *store, int32_t reader, void *self,
		       void (*fact)(void *self, struct text key, struct text value),
		       struct err *err)
{
	return recall(store, "recall_last", reader, (struct recall){self, fact}, err);
}

bool store_half_waits(struct store *store, int32_t reader, bool *waits, struct err *err)
{
	FIELDS_AUTO params = {0};
	ROWS_AUTO rows = {0};
	put_int4(&params, reader);
	if (!sql_run(store, "half_waits", &params, &rows, err))
		return false;
	*waits = row_bool(&rows, 0, 0);
	return true;
}

// --- how sources do ---

bool store_source_health(struct store *store, int32_t realm, const struct source_health *health,
			 struct err *err)
{
	FIELDS_AUTO lock = {0};
	FIELDS_AUTO params = {0};
	put_int4(&lock, LOCK_SPACE);
	put_int4(&lock, LOCK_NAMES);
	put_int4(&params, realm);
	put_zstr(&params, health->name);
	put_zstr(&params, health->dialect);
	put_zstr(&params, health->path);
	put_zstr(&params, health->state);
	put_zstr(&params, health->note);
	put_usec(&params, health->gone_at);
	put_usec(&params, usec_now());
	if (txn_begin(store, TXN_WRITE, err) && sql_run(store, "lock", &lock, NULL, err) &&
	    sql_run(store, "source_health", &params, NULL, err) && txn_commit(store, err))
		return true;
	txn_rollback(store);
	return false;
}

// --- files that are gone ---

struct missing {
	struct fields note, forget;
	int64_t noted, changed;
};

static void missing_free(struct missing *missing)
{
	fields_free(&missing->note);
	fields_free(&missing->forget);
}

// A seal that is made meanwhile may hold a row that goes, which the statement could not know: so no seal, while the
// lanes are held. Mostly there is nothing to do, which is found out without them, and taken back.
static bool change_missing(struct store *store, struct missing *missing, bool held, struct err *err)
{
	ROWS_AUTO forgotten = {0};
	ROWS_AUTO noted = {0};
	int64_t commit;
	bool fine = txn_begin(store, TXN_WRITE, err) && (!held || lane_hold(store, &commit, err)) &&
		    sql_run(store, "missing_forget", &missing->forget, &forgotten, err) &&
		    sql_run(store, "missing_note", &missing->note, &noted, err) &&
		    (!held || txn_commit(store, err));
	txn_rollback(store);
	missing->noted = noted.changed;
	missing->changed = fine ? noted.changed + row_int(&forgotten, 0, 0) : 0;
	return fine;
}

bool store_missing(struct store *store, int32_t realm, const struct string_list *sources,
		   const int32_t *open, size_t count, int64_t *missing, struct err *err)
{
	static const char cause[] = "file gone before it was read to its end";
	FIELDS_AUTO numbers = {0};
	__attribute__((cleanup(missing_free))) struct missing them = {0};
	for (size_t i = 0; i < count; i++)
		put_int4(&numbers, open[i]);
	put_int4(&them.note, realm);
	put_texts(&them.note, sources);
	put_array(&them.note, OF_INT4, &numbers);
	put_zstr(&them.note, cause);
	put_array(&them.forget, OF_INT4, &numbers);
	put_zstr(&them.forget, cause);
	if (!change_missing(store, &them, false, err) ||
	    (them.changed && !change_missing(store, &them, true, err)))
		return false;
	*missing = them.noted;
	return true;
}
