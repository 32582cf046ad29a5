// SPDX-License-Identifier: Apache-2.0
// Writes facts about devices and accounts (PAIRING K19, E4).
#include "store/write.h"

enum { KNOWN_FIELDS = 13, ARCHIVED_FIELDS = 4 };

struct known_query {
	struct part *part;
	struct fields known[KNOWN_FIELDS], archived[ARCHIVED_FIELDS];
};

static void known_query_free(struct known_query *query)
{
	for (int i = 0; i < KNOWN_FIELDS; i++)
		fields_free(&query->known[i]);
	for (int i = 0; i < ARCHIVED_FIELDS; i++)
		fields_free(&query->archived[i]);
}

static void put_archived(struct known_query *query, const struct known *fact)
{
	put_int8(&query->archived[0], fact->conv);
	put_int8(&query->archived[1], fact->key);
	put_int8(&query->archived[2], fact->about);
	put_usec(&query->archived[3], usec_bounded(fact->first));
}

static void put_known(void *self, const struct known *fact)
{
	struct known_query *query = self;
	struct fields *columns = query->known;
	const struct text texts[] = {fact->subject, fact->object, fact->value, fact->name};

	if (fact->kind == KNOWN_ARCHIVED) {
		put_archived(query, fact);
		return;
	}
	put_int8(&columns[0], fact->element);
	put_int2(&columns[1], (int)fact->kind);
	put_int8(&columns[2], fact->about);
	put_int8(&columns[3], fact->related);
	for (int i = 0; i < 4; i++)
		query->part->changed_texts += !put_safe(&columns[4 + i], texts[i]);
	put_usec(&columns[8], usec_bounded(fact->first));
	put_usec(&columns[9], usec_bounded(fact->last));
	put_int8(&columns[10], fact->position);
	put_int4(&columns[11], fact->source);
	put_int8(&columns[12], pairing_jid_id(query->part->plan->batch->pairing, fact->subject));
}

static bool add(struct part *part, const char *name, const struct fields *columns,
		const enum element *elements, int count, struct err *err)
{
	FIELDS_AUTO params = {0};
	if (!columns[0].count)
		return true;
	put_int4(&params, part->plan->batch->realm);
	for (int i = 0; i < count; i++)
		put_array(&params, elements[i], &columns[i]);
	return sql_run(part->store, name, &params, NULL, err);
}

bool write_known(struct part *part, struct err *err)
{
	static const enum element known[KNOWN_FIELDS] = {
		OF_INT8, OF_INT2,        OF_INT8,        OF_INT8, OF_TEXT, OF_TEXT, OF_TEXT,
		OF_TEXT, OF_TIMESTAMPTZ, OF_TIMESTAMPTZ, OF_INT8, OF_INT4, OF_INT8};
	static const enum element archived[ARCHIVED_FIELDS] = {OF_INT8, OF_INT8, OF_INT8,
							       OF_TIMESTAMPTZ};
	__attribute__((cleanup(known_query_free))) struct known_query query = {.part = part};

	if (!is_last_part(part))
		return true;
	pairing_known(part->plan->batch->pairing, &query, put_known);
	return add(part, "known_add", query.known, known, KNOWN_FIELDS, err) &&
	       add(part, "archive_seen_add", query.archived, archived, ARCHIVED_FIELDS, err);
}

bool store_forget_known(struct store *store, usec_t before, int64_t *deleted, struct err *err)
{
	FIELDS_AUTO params = {0};
	ROWS_AUTO rows = {0};
	put_usec(&params, usec_bounded(before));
	if (!sql_run(store, "known_forget", &params, &rows, err))
		return false;
	*deleted = row_int(&rows, 0, 0);
	return true;
}
