// SPDX-License-Identifier: Apache-2.0
// The numbers that rows name private acknowledgements by.
#include "store/read.h"

static void take_numbers(struct realm_settings *rules, const struct rows *rows, int first)
{
	for (size_t k = 0; k < rules->ack_count; k++)
		for (int i = 0; i < rows->count; i++)
			if (text_is(row_text(rows, i, first + 1), rules->acks[k].name))
				rules->acks[k].number = (int)row_int(rows, i, first);
}

static bool put_names(struct store *store, int32_t realm, const struct realm_settings *rules,
		      struct rows *rows, struct err *err)
{
	FIELDS_AUTO lock = {0};
	FIELDS_AUTO names = {0};
	FIELDS_AUTO params = {0};
	put_int4(&lock, LOCK_SPACE);
	put_int4(&lock, LOCK_NAMES);
	for (size_t i = 0; i < rules->ack_count; i++)
		put_zstr(&names, rules->acks[i].name);
	put_int4(&params, realm);
	put_array(&params, OF_TEXT, &names);
	if (!sql_run(store, "lock", &lock, NULL, err) ||
	    !sql_run(store, "private_ack_put", &params, rows, err))
		return false;
	if (rows->count > PRIVATE_ACKS_MAX)
		return err_set(
			err, ERR_USAGE,
			"ack: the realm has had %d private acknowledgements, of at most %d: use "
			"names again",
			rows->count, PRIVATE_ACKS_MAX);
	return true;
}

bool store_private_acks(struct store *store, int32_t realm, struct realm_settings *rules,
			struct err *err)
{
	ROWS_AUTO rows = {0};
	if (!rules->ack_count)
		return true;
	if (!txn_begin(store, TXN_WRITE, err) || !put_names(store, realm, rules, &rows, err) ||
	    !txn_commit(store, err)) {
		txn_rollback(store);
		return false;
	}
	take_numbers(rules, &rows, 0);
	return true;
}

bool stored_private_acks(struct store *store, int32_t realm, struct realm_settings *rules,
			 struct err *err)
{
	FIELDS_AUTO params = {0};
	ROWS_AUTO rows = {0};
	put_int4(&params, realm);
	if (!rules->ack_count)
		return true;
	if (!sql_run(store, "private_acks", &params, &rows, err))
		return false;
	take_numbers(rules, &rows, 1);
	return true;
}

bool known_via_names(struct store *store, int32_t realm, struct known_realms *realms,
		     struct err *err)
{
	FIELDS_AUTO params = {0};
	ROWS_AUTO rows = {0};
	put_int4(&params, realm);
	if (!sql_run(store, "private_acks", &params, &rows, err))
		return false;
	for (size_t k = 0; k < realms->count; k++) {
		struct known_realm *known = &realms->items[k];
		struct text *items = NULL;
		for (int i = 0; i < rows.count; i++) {
			int64_t number = row_int(&rows, i, 1);
			if (row_int(&rows, i, 0) != known->id || number < 0 ||
			    number >= PRIVATE_ACKS_MAX)
				continue;
			if (!items)
				items = arena_alloc(realms->arena,
						    PRIVATE_ACKS_MAX * sizeof *items);
			struct text name = row_text(&rows, i, 2);
			items[number] =
				arena_printf(realms->arena, "private:%.*s", (int)name.n, name.p);
		}
		known->via_names = (struct via_names){items, items ? PRIVATE_ACKS_MAX : 0};
	}
	return true;
}
