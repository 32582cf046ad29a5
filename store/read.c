// SPDX-License-Identifier: Apache-2.0
#include "store/read.h"

#include "store/message_row.h"

#include <stdlib.h>

// --- arrays: dimensions, flags, element type, length, lower bound, then (length, bytes) ---

enum { ARRAY_HEADER = 20 };

#define PG_EPOCH (INT64_C(946684800) * USEC_PER_SEC)

static uint64_t big_endian(const char *bytes, size_t length)
{
	uint64_t value = 0;
	for (size_t i = 0; i < length; i++)
		value = value << 8 | (unsigned char)bytes[i];
	return value;
}

void array_read(struct array *array, struct text bytes)
{
	*array = (struct array){0};
	bool empty = bytes.n >= 4 &&
		     big_endian(bytes.p, 4) == 0; // no dimensions: what follows is not of it
	if (!bytes.p || bytes.n < ARRAY_HEADER || empty)
		return;
	array->left = (uint32_t)big_endian(bytes.p + 12, 4);
	array->at = bytes.p + ARRAY_HEADER;
	array->end = bytes.p + bytes.n;
}

void array_open(struct array *array, const struct rows *rows, int row, int column)
{
	array_read(array, row_text(rows, row, column));
}

bool array_next(struct array *array, struct text *element)
{
	if (!array->left || array->end - array->at < 4)
		return false;
	uint32_t length = (uint32_t)big_endian(array->at, 4);
	array->at += 4;
	array->left--;
	if (length == UINT32_MAX) {
		*element = TEXT_NONE;
		return true;
	}
	if ((size_t)(array->end - array->at) < length)
		return false;
	*element = (struct text){array->at, length};
	array->at += length;
	return true;
}

int64_t array_int(struct text element)
{
	uint64_t value = element.p ? big_endian(element.p, element.n) : 0;
	return element.n == 4 ? (int32_t)(uint32_t)value : (int64_t)value;
}

usec_t array_usec(struct text element)
{
	return element.p ? array_int(element) + PG_EPOCH : USEC_NONE;
}

// --- realms ---

static bool load_realms(struct store *store, int32_t realm, struct known_realms *realms,
			struct err *err)
{
	FIELDS_AUTO params = {0};
	ROWS_AUTO key = {0};
	ROWS_AUTO rows = {0};
	put_int4(&params, realm);
	if (!sql_run(store, "instance", NULL, &key, err) ||
	    !sql_run(store, "realms", &params, &rows, err))
		return false;
	struct text bytes = key.count ? row_text(&key, 0, 0) : TEXT_NONE;
	if (bytes.n != sizeof realms->key.bytes)
		return err_set(err, ERR_USAGE,
			       "database: its pairing key (table instance) is missing");
	memcpy(realms->key.bytes, bytes.p, bytes.n);
	realms->arena = arena_new();
	realms->count = (size_t)rows.count;
	realms->items = arena_alloc(realms->arena, (realms->count + 1) * sizeof *realms->items);
	for (int i = 0; i < rows.count; i++)
		realms->items[i] =
			(struct known_realm){.id = (int32_t)row_int(&rows, i, 0),
					     .name = row_copy(&rows, i, 1, realms->arena)};
	if (known_via_names(store, realm, realms, err))
		return true;
	known_realms_free(realms);
	return false;
}

// Who answers many asks for them once in a while: three of eight statements of a page of the chat log.
struct kept_realms {
	struct known_realms list;
	int32_t realm;
	usec_t until; // monotonic
};

enum { KEEP_SECONDS = 5 };

void kept_realms_forget(struct store *store)
{
	if (store->realms)
		arena_free(store->realms->list.arena);
	free(store->realms);
	store->realms = NULL;
}

static bool is_kept(const struct store *store, int32_t realm)
{
	const struct kept_realms *kept = store->realms;
	return kept && kept->realm == realm && usec_monotonic() < kept->until;
}

static bool keep_realms(struct store *store, int32_t realm, struct err *err)
{
	struct known_realms list = {0};
	if (!load_realms(store, realm, &list, err))
		return false;
	kept_realms_forget(store);
	store->realms = xcalloc(1, sizeof *store->realms);
	*store->realms =
		(struct kept_realms){list, realm, usec_monotonic() + KEEP_SECONDS * USEC_PER_SEC};
	return true;
}

bool known_realms_load(struct store *store, int32_t realm, struct known_realms *realms,
		       struct err *err)
{
	if (store->role != STORE_SERVE)
		return load_realms(store, realm, realms, err);
	if (!is_kept(store, realm) && !keep_realms(store, realm, err))
		return false;
	*realms = store->realms->list;
	realms->lent = true;
	return true;
}

void known_realms_free(struct known_realms *realms)
{
	if (!realms->lent)
		arena_free(realms->arena);
	*realms = (struct known_realms){0};
}

void put_span(struct fields *params, int32_t realm, usec_t since, usec_t until)
{
	put_int4(params, realm);
	put_usec(params, usec_bounded(since));
	put_usec(params, usec_bounded(until));
}
