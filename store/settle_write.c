// SPDX-License-Identifier: Apache-2.0
// Writes what a settling found to be different.
#include "store/settle.h"

#include <stdlib.h>

// --- rows ---

struct row_fields {
	struct fields conv, sent_at, key, n, read_at, via, response;
};

static void row_fields_free(struct row_fields *list)
{
	struct fields *all[] = {&list->conv,    &list->sent_at, &list->key,     &list->n,
				&list->read_at, &list->via,     &list->response};
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		fields_free(all[i]);
}
#define ROW_FIELDS_AUTO __attribute__((cleanup(row_fields_free))) struct row_fields

static void add_changed(struct row_fields *list, const struct changed_row *changed)
{
	put_int8(&list->conv, changed->conv);
	put_usec(&list->sent_at, changed->row->sent_at);
	put_int8(&list->key, changed->row->key);
	put_int4(&list->n, changed->row->n);
	put_usec(&list->read_at, usec_bounded(changed->row->read_inferred_at));
	put_int2(&list->via, (int)changed->row->read_via);
	put_int8(&list->response, changed->row->response_ms);
}

static void put_identities(struct fields *params, const struct row_fields *list)
{
	put_array(params, OF_INT8, &list->conv);
	put_array(params, OF_TIMESTAMPTZ, &list->sent_at);
	put_array(params, OF_INT8, &list->key);
	put_array(params, OF_INT4, &list->n);
}

struct moving {
	struct rollups *rollups;
	const struct changed_row *changed;
};

static bool move_rollups(void *self, const struct rows *rows)
{
	struct moving *moving = self;
	const struct sequence_row *now = moving->changed[row_int(rows, 0, COUNTED_COLUMNS) - 1].row;
	struct row was = counted_row_read(rows), row = was;
	row.read_inferred_at = now->read_inferred_at;
	row.read_via = now->read_via;
	row.response_ms = now->response_ms;
	rollups_move(moving->rollups, &was, &row);
	return true;
}

static bool update_some(struct settling *it, struct rollups *rollups, size_t from, size_t to,
			struct err *err)
{
	ROW_FIELDS_AUTO list = {0};
	FIELDS_AUTO identities = {0};
	FIELDS_AUTO params = {0};
	ROWS_AUTO rows = {0};
	struct moving moving = {rollups, &it->changed.items[from]};
	for (size_t i = from; i < to; i++)
		add_changed(&list, &it->changed.items[i]);
	put_identities(&identities, &list);
	put_in_days(&identities, &list.sent_at, &list.sent_at);
	if (!sql_each(it->store, "settle_counted", &identities, &moving, move_rollups, err))
		return false;
	put_int8(&params, it->commit);
	put_identities(&params, &list);
	put_array(&params, OF_TIMESTAMPTZ, &list.read_at);
	put_array(&params, OF_INT2, &list.via);
	put_array(&params, OF_INT8, &list.response);
	put_in_days(&params, &list.sent_at, &list.sent_at);
	if (!sql_run(it->store, "settle_update", &params, &rows, err))
		return false;
	if (rows.changed != (int64_t)(to - from))
		return err_set(err, ERR_INTERNAL, "settle_update: %lld of %zu rows were found",
			       (long long)rows.changed, to - from);
	return true;
}

enum { UPDATES_AT_ONCE = 10000 };

static bool update_rows(struct settling *it, struct err *err)
{
	struct rollups *rollups = it->changed.count ? rollups_new(it->realm, LANE) : NULL;
	bool fine = true;
	for (size_t i = 0; fine && i < it->changed.count; i += UPDATES_AT_ONCE) {
		size_t end = i + UPDATES_AT_ONCE;
		end = end < it->changed.count ? end : it->changed.count;
		fine = update_some(it, rollups, i, end, err);
	}
	fine = fine && (!rollups || rollups_write(it->store, rollups, err));
	rollups_free(rollups);
	return fine;
}

// --- typing ---

static bool delete_typing(struct settling *it, struct err *err)
{
	FIELDS_AUTO conv = {0};
	FIELDS_AUTO start = {0};
	FIELDS_AUTO device = {0};
	FIELDS_AUTO params = {0};
	if (!it->typing_gone.count)
		return true;
	for (size_t i = 0; i < it->typing_gone.count; i++) {
		const struct conv_typing *gone = &it->typing_gone.items[i];
		put_int8(&conv, gone->conv);
		put_usec(&start, gone->typing.start);
		put_int8(&device, gone->party->device);
	}
	put_array(&params, OF_INT8, &conv);
	put_array(&params, OF_TIMESTAMPTZ, &start);
	put_array(&params, OF_INT8, &device);
	return sql_run(it->store, "typing_delete", &params, NULL, err);
}

enum typing_column {
	T_CONV,
	T_START,
	T_DEVICE,
	T_FROM,
	T_RESOURCE,
	T_TO,
	T_END,
	T_ENDED,
	T_POS,
	T_N
};

static const enum element typing_types[T_N] = {OF_INT8, OF_TIMESTAMPTZ, OF_INT8, OF_INT8, OF_TEXT,
					       OF_INT8, OF_TIMESTAMPTZ, OF_INT2, OF_INT8};

static void put_typing(struct fields *list, const struct conv_typing *made)
{
	put_int8(&list[T_CONV], made->conv);
	put_usec(&list[T_START], made->typing.start);
	put_int8(&list[T_DEVICE], made->party->device);
	put_int8(&list[T_FROM], made->party->from);
	put_safe(&list[T_RESOURCE], made->party->resource);
	put_int8(&list[T_TO], made->party->to);
	put_usec(&list[T_END], made->typing.end);
	put_int2(&list[T_ENDED], (int)made->typing.ended);
	put_int8(&list[T_POS], made->typing.position);
}

static bool add_typing(struct settling *it, struct err *err)
{
	struct fields list[T_N] = {0};
	FIELDS_AUTO params = {0};
	if (!it->typing_new.count)
		return true;
	for (size_t i = 0; i < it->typing_new.count; i++)
		put_typing(list, &it->typing_new.items[i]);
	put_int4(&params, it->realm);
	for (size_t c = 0; c < T_N; c++) {
		put_array(&params, typing_types[c], &list[c]);
		fields_free(&list[c]);
	}
	return sql_run(it->store, "typing_add", &params, NULL, err);
}

// --- findings ---

static bool delete_findings(struct settling *it, struct err *err)
{
	FIELDS_AUTO conv = {0};
	FIELDS_AUTO key = {0};
	FIELDS_AUTO element = {0};
	FIELDS_AUTO params = {0};
	if (!it->findings_gone.count)
		return true;
	for (size_t i = 0; i < it->findings_gone.count; i++) {
		put_int8(&conv, it->findings_gone.items[i].conv);
		put_int8(&key, it->findings_gone.items[i].finding.key);
		put_int8(&element, it->findings_gone.items[i].finding.element);
	}
	put_array(&params, OF_INT8, &conv);
	put_array(&params, OF_INT8, &key);
	put_array(&params, OF_INT8, &element);
	put_int8(&params, it->commit);
	return sql_run(it->store, "finding_delete", &params, NULL, err);
}

enum finding_column { F_CONV, F_KEY, F_ELEMENT, F_RULE, F_BY, F_REF, F_AT, F_POSITION, F_N };

static const enum element finding_types[F_N] = {OF_INT8, OF_INT8, OF_INT8,        OF_TEXT,
						OF_TEXT, OF_TEXT, OF_TIMESTAMPTZ, OF_INT8};

static void put_finding(struct fields *list, const struct conv_finding *made)
{
	put_int8(&list[F_CONV], made->conv);
	put_int8(&list[F_KEY], made->finding.key);
	put_int8(&list[F_ELEMENT], made->finding.element);
	put_zstr(&list[F_RULE], made->finding.rule);
	put_safe(&list[F_BY], made->finding.by);
	put_zstr(&list[F_REF], made->finding.ref);
	put_usec(&list[F_AT], made->finding.at);
	put_int8(&list[F_POSITION], made->finding.position);
}

static bool add_findings(struct settling *it, struct err *err)
{
	struct fields list[F_N] = {0};
	FIELDS_AUTO params = {0};
	if (!it->findings_new.count)
		return true;
	for (size_t i = 0; i < it->findings_new.count; i++)
		put_finding(list, &it->findings_new.items[i]);
	put_int4(&params, it->realm);
	for (size_t c = 0; c < F_N; c++) {
		put_array(&params, finding_types[c], &list[c]);
		fields_free(&list[c]);
	}
	put_int8(&params, it->commit);
	return sql_run(it->store, "finding_add", &params, NULL, err);
}

// --- the queue ---

static bool is_done(const struct settling *it, size_t unit)
{
	for (size_t i = 0; i < it->windows.count; i++) {
		const struct window *window = &it->windows.items[i];
		if (unit >= window->first_unit && unit < window->first_unit + window->unit_count)
			return true;
	}
	return false;
}

static bool delete_units(struct settling *it, struct err *err)
{
	FIELDS_AUTO conv = {0};
	FIELDS_AUTO day = {0};
	FIELDS_AUTO params = {0};
	for (size_t i = 0; i < it->units.count; i++) {
		if (!is_done(it, i))
			continue;
		put_int8(&conv, it->units.items[i].conv);
		put_date(&day, it->units.items[i].day * USEC_PER_DAY);
	}
	put_array(&params, OF_INT8, &conv);
	put_array(&params, OF_DATE, &day);
	return sql_run(it->store, "settle_done", &params, NULL, err);
}

static bool add_units(struct settling *it, struct err *err)
{
	return put_units(it->store, it->realm, it->next_units.items, it->next_units.count, err);
}

// Others must see that rows changed: a batch that is repeated (the lane's number), live views.
static bool add_batch(struct settling *it, struct err *err)
{
	FIELDS_AUTO params = {0};
	FIELDS_AUTO times = {0};
	FIELDS_AUTO spans = {0};
	if (!it->changed.count)
		return true;
	for (size_t i = 0; i < it->changed.count; i++)
		put_usec(&times, it->changed.items[i].row->sent_at);
	add_spans(&spans, &times, &times, LIVE_GAP_SECONDS * USEC_PER_SEC);
	put_int8(&params, it->commit);
	put_int2(&params, LANE);
	put_int4(&params, it->realm);
	put_int8(&params, 0);
	put_int8(&params, 0);
	put_int8(&params, (int64_t)it->changed.count);
	put_array(&params, OF_TIMESTAMPTZ, &spans);
	return sql_run(it->store, "batch_add", &params, NULL, err);
}

bool settle_write(struct settling *it, struct err *err)
{
	return update_rows(it, err) && delete_typing(it, err) && add_typing(it, err) &&
	       delete_findings(it, err) && add_findings(it, err) && delete_units(it, err) &&
	       add_units(it, err) && add_batch(it, err);
}
