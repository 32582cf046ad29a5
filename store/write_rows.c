// SPDX-License-Identifier: Apache-2.0
// Writes message rows: merged ones away, changed ones by one UPDATE, new ones by COPY.
#include "store/rollup.h"
#include "store/write.h"

// Somebody who was erased and may come back has no text, or two texts have one hash.
static bool name_again(struct part *part, const struct fields *id, const struct fields *jid,
		       struct err *err)
{
	FIELDS_AUTO params = {0};
	ROWS_AUTO others = {0};
	put_array(&params, OF_INT8, id);
	put_array(&params, OF_TEXT, jid);
	return sql_run(part->store, "jid_again", &params, &others, err) &&
	       (!others.count || hash_collided(part->store, err));
}

bool write_jids(struct part *part, struct err *err)
{
	FIELDS_AUTO id = {0};
	FIELDS_AUTO jid = {0};
	FIELDS_AUTO domain = {0};
	FIELDS_AUTO params = {0};
	ROWS_AUTO others = {0};
	const struct plan *plan = part->plan;
	if (!plan->jids.count || !is_first_part(part))
		return true;
	for (size_t i = 0; i < plan->jids.count; i++) {
		const struct new_jid *it = &plan->jids.items[i];
		put_int8(&id, it->id);
		part->changed_texts += !put_safe(&jid, it->text);
		put_safe(&domain, jid_domain(it->text));
	}
	put_array(&params, OF_INT8, &id);
	put_array(&params, OF_TEXT, &jid);
	put_array(&params, OF_TEXT, &domain);
	return sql_run(part->store, "jid_add", &params, &others, err) &&
	       (!others.count || name_again(part, &id, &jid, err));
}

// --- rows by identity ---

struct identities {
	struct fields conv, sent_at, key, n;
};

static void identities_free(struct identities *list)
{
	fields_free(&list->conv);
	fields_free(&list->sent_at);
	fields_free(&list->key);
	fields_free(&list->n);
}
#define IDENTITIES_AUTO __attribute__((cleanup(identities_free))) struct identities

static void add_identity(struct identities *list, const struct row *row)
{
	put_int8(&list->conv, row->conv);
	put_usec(&list->sent_at, row->sent_at);
	put_int8(&list->key, row->key);
	put_int4(&list->n, row->n);
}

static void put_identities(struct fields *params, const struct identities *list)
{
	put_array(params, OF_INT8, &list->conv);
	put_array(params, OF_TIMESTAMPTZ, &list->sent_at);
	put_array(params, OF_INT8, &list->key);
	put_array(params, OF_INT4, &list->n);
	put_in_days(params, &list->sent_at, &list->sent_at);
}

// Every one of them must be there: they were loaded under the lane's lock.
static bool run_identities(struct part *part, const char *name, const struct identities *list,
			   struct err *err)
{
	FIELDS_AUTO params = {0};
	ROWS_AUTO rows = {0};
	if (!list->conv.count)
		return true;
	put_identities(&params, list);
	if (!sql_run(part->store, name, &params, &rows, err))
		return false;
	if (rows.changed != (int64_t)list->conv.count)
		return err_set(err, ERR_INTERNAL, "%s: %lld of %zu rows were found", name,
			       (long long)rows.changed, list->conv.count);
	return true;
}

static bool remove_rows(struct part *part, struct err *err)
{
	IDENTITIES_AUTO list = {0};
	for (size_t i = 0; i < part->removes.count; i++)
		add_identity(&list, part->removes.items[i]);
	return run_identities(part, "message_delete", &list, err);
}

// Seals name rows by their place: of one that has another from now on it is noted.
static bool note_rows(struct part *part, struct err *err)
{
	IDENTITIES_AUTO list = {0};
	FIELDS_AUTO params = {0};
	for (size_t i = 0; i < part->removes.count; i++)
		add_identity(&list, part->removes.items[i]);
	for (size_t i = 0; i < part->updates.count; i++) {
		const struct update *update = &part->updates.items[i];
		if (update->was->sent_at != update->row->sent_at ||
		    update->was->n != update->row->n)
			add_identity(&list, update->was);
	}
	if (!list.conv.count)
		return true;
	put_identities(&params, &list);
	put_int8(&params, part->plan->commit);
	return sql_run(part->store, "seal_note_rows", &params, NULL, err);
}

static bool park_rows(struct part *part, struct err *err)
{
	IDENTITIES_AUTO list = {0};
	for (size_t i = 0; i < part->updates.count; i++) {
		if (part->updates.items[i].parked)
			add_identity(&list, part->updates.items[i].was);
	}
	return run_identities(part, "message_park", &list, err);
}

// --- whole rows ---

static void fill_row(struct part *part, const struct row *row, struct message_row *flat)
{
	message_from_row(row, flat);
	flat->realm = part->plan->batch->realm;
	flat->from_jid = part_jid_id(part, row->from);
	flat->to_jid = part_jid_id(part, row->to);
	flat->commit = part->plan->commit;
}

static bool copy_rows(struct part *part, struct err *err)
{
	struct copy copy;
	if (!part->inserts.count)
		return true;
	if (!copy_begin(&copy, part->store, "copy_message", err))
		return false;
	for (size_t i = 0; i < part->inserts.count; i++) {
		struct message_row flat;
		fill_row(part, part->inserts.items[i], &flat);
		copy_row(&copy, MESSAGE_COLUMNS);
		part->changed_texts += message_put_all(&copy.fields, &flat);
	}
	return copy_end(&copy, err);
}

struct columns { // one array per parameter of message_update.sql
	struct fields old_at, old_n, arrays[MESSAGE_UPDATE_COLUMNS];
};

static void columns_free(struct columns *columns)
{
	fields_free(&columns->old_at);
	fields_free(&columns->old_n);
	for (size_t c = 0; c < MESSAGE_UPDATE_COLUMNS; c++)
		fields_free(&columns->arrays[c]);
}

static void add_update(struct part *part, const struct update *update, struct columns *columns)
{
	struct message_row flat;
	fill_row(part, update->row, &flat);
	put_usec(&columns->old_at, update->was->sent_at);
	put_int4(&columns->old_n, update->parked ? -update->was->n : update->was->n);
	for (size_t c = 0; c < MESSAGE_UPDATE_COLUMNS; c++)
		part->changed_texts +=
			!message_put(&columns->arrays[c], &message_columns[c], &flat);
}

static bool update_some(struct part *part, size_t from, size_t to, struct err *err)
{
	__attribute__((cleanup(columns_free))) struct columns columns = {0};
	FIELDS_AUTO params = {0};
	ROWS_AUTO rows = {0};
	for (size_t i = from; i < to; i++)
		add_update(part, &part->updates.items[i], &columns);
	put_array(&params, OF_TIMESTAMPTZ, &columns.old_at);
	put_array(&params, OF_INT4, &columns.old_n);
	for (size_t c = 0; c < MESSAGE_UPDATE_COLUMNS; c++)
		put_array(&params, message_columns[c].element, &columns.arrays[c]);
	put_in_days(&params, &columns.old_at, &columns.old_at);
	if (!sql_run(part->store, "message_update", &params, &rows, err))
		return false;
	if (rows.changed != (int64_t)(to - from))
		return err_set(err, ERR_INTERNAL, "message_update: %lld of %zu rows were found",
			       (long long)rows.changed, to - from);
	return true;
}

// In pieces: the arrays of a statement are held whole, here and in the server, by each lane.
enum { UPDATES_AT_ONCE = 1000 };

static bool update_rows(struct part *part, struct err *err)
{
	for (size_t i = 0; i < part->updates.count; i += UPDATES_AT_ONCE) {
		size_t end = i + UPDATES_AT_ONCE;
		end = end < part->updates.count ? end : part->updates.count;
		if (!update_some(part, i, end, err))
			return false;
	}
	return true;
}

bool write_rows(struct part *part, struct err *err)
{
	return note_rows(part, err) && remove_rows(part, err) && park_rows(part, err) &&
	       update_rows(part, err) && write_texts(part, err) && update_marked(part, err) &&
	       copy_rows(part, err);
}
