// SPDX-License-Identifier: Apache-2.0
// store_erase_allow(): somebody who was erased may come back. It is on record like an erasure, and sealed like one.
#include "store/write.h"

#include <sodium.h>

static bool take_off(struct store *store, const unsigned char print[32],
		     struct erase_result *result, struct err *err)
{
	FIELDS_AUTO params = {0};
	ROWS_AUTO rows = {0};
	put_bytea(&params, (struct text){(const char *)print, 32});
	if (!sql_run(store, "suppressed_remove", &params, &rows, err))
		return false;
	result->rows = rows.changed;
	return true;
}

static bool note(struct store *store, const struct erase_request *request,
		 const unsigned char print[32], struct erase_result *result, struct err *err)
{
	FIELDS_AUTO params = {0};
	randombytes_buf(&result->erasure, sizeof result->erasure);
	put_int8(&params, result->erasure);
	put_zstr(&params, "allow");
	put_zstr(&params, request->by);
	put_bytea(&params, (struct text){(const char *)print, 32});
	put_zstr(&params, request->reason);
	put_zstr(&params, "{}");
	return sql_run(store, "erasure_add", &params, NULL, err);
}

// Writers that know the old list begin again, as after an erasure.
static bool raise_fence(struct store *store, struct err *err)
{
	FIELDS_AUTO params = {0};
	put_int2(&params, 0);
	return sql_run(store, "lane_raise", &params, NULL, err);
}

static bool allow(struct store *store, const struct erase_request *request,
		  const unsigned char print[32], struct erase_result *result, struct err *err)
{
	if (!txn_begin(store, TXN_WRITE, err) || !sql_run(store, "erase_lock", NULL, NULL, err) ||
	    !take_off(store, print, result, err))
		return false;
	if (result->rows && !request->dry_run)
		return raise_fence(store, err) && note(store, request, print, result, err) &&
		       txn_commit(store, err);
	txn_rollback(store);
	return true;
}

bool store_erase_allow(struct store *store, const struct erase_request *request,
		       struct erase_result *result, struct err *err)
{
	struct privacy_key key;
	unsigned char print[32];
	*result = (struct erase_result){.held_until = USEC_NONE};
	if (!store_privacy(store, false, &key, err))
		return false;
	privacy_print(&key, "jid", request->jid, print);
	bool fine = allow(store, request, print, result, err);
	if (!fine)
		txn_rollback(store);
	return fine;
}
