// SPDX-License-Identifier: Apache-2.0
// Who takes part in any conversation, by how the name begins.
#include "store/message_row.h"
#include "store/read.h"

struct accounts {
	void *self;
	bool (*each)(void *self, struct text jid);
};

static bool take_account(void *self, const struct rows *rows)
{
	const struct accounts *accounts = self;
	return accounts->each(accounts->self, row_text(rows, 0, 0));
}

bool store_accounts(struct store *store, const struct account_filter *filter, void *self,
		    bool (*each)(void *self, struct text jid), struct err *err)
{
	static const char last[] = "\xf4\x8f\xbf\xbf"; // U+10FFFF: no character is behind it
	struct accounts accounts = {self, each};
	FIELDS_AUTO params = {0};
	struct buf end = {0};
	buf_text(&end, filter->prefix);
	buf_zstr(&end, last);
	put_int4(&params, filter->realm);
	put_safe(&params, filter->prefix);
	put_safe(&params, buf_view(&end));
	put_safe(&params, filter->domain);
	put_int8(&params, filter->limit);
	buf_free(&end);
	return sql_plan(store, "plan_known", err) &&
	       sql_each(store, "accounts", &params, &accounts, take_account, err);
}
