// SPDX-License-Identifier: Apache-2.0
// All that is held on somebody, row by row: what erase would take, said first. The rows are made by the function
// person_rows() of migrations/0014.
#include "store/write.h"

struct listing {
	void *self;
	bool (*each)(void *self, struct text table, struct text row);
};

static bool take_line(void *self, const struct rows *rows)
{
	struct listing *listing = self;
	return listing->each(listing->self, row_text(rows, 0, 0), row_text(rows, 0, 1));
}

bool store_person(struct store *store, struct text jid, void *self,
		  bool (*each)(void *self, struct text table, struct text row), struct err *err)
{
	struct listing listing = {self, each};
	FIELDS_AUTO params = {0};
	if (!writer_ready(store, err))
		return false;
	struct pairing *hashes = pairing_new(&(struct pairing_options){.key = store->writer->key});
	put_int8(&params, pairing_jid_id(hashes, jid));
	pairing_free(hashes);
	put_text(&params, jid);
	return sql_each(store, "person_rows", &params, &listing, take_line, err);
}
