// SPDX-License-Identifier: Apache-2.0
// Cuts conversations into pieces that can be held: many small ones together, a large one by days. So each
// row is read once, with all that is around it, however the days of a conversation lie.
#include "store/check.h"
#include "store/read.h"
#include "store/write.h"

#include <stdlib.h>

// Unless one day of one conversation has more.
static int64_t at_once(const struct check *check)
{
	return check->request->at_once ? check->request->at_once : CHECK_AT_ONCE;
}

struct listing {
	struct check *check;
	struct check_convs convs;
};

static bool take_conversation(void *self, const struct rows *rows)
{
	struct listing *it = self;
	it->check->result->unsettled += row_bool(rows, 0, 4);
	it->check->result->erased += row_bool(rows, 0, 5);
	*VEC_ADD(&it->convs) = (struct check_conv){row_int(rows, 0, 0),  row_int(rows, 0, 1),
						   row_usec(rows, 0, 2), row_usec(rows, 0, 3),
						   row_bool(rows, 0, 4), row_bool(rows, 0, 5)};
	return true;
}

static bool check_piece(struct check *check, const struct check_convs *convs,
			const struct piece *piece)
{
	return check_is_enough(check) ||
	       (check_derive(check, piece) && check_settled(check, convs, piece));
}

static bool check_days(struct check *check, const struct check_convs *convs, size_t at)
{
	int64_t conv = convs->items[at].conv, facts = 0;
	struct piece piece = {conv, conv, USEC_NONE, 0, at, 1};
	ROWS_AUTO days = {0};
	FIELDS_AUTO params = {0};
	put_int8(&params, conv);
	put_usec(&params, check->derived_from);
	put_usec(&params, check->until);
	if (!sql_run(check->store, "check_conversation_days", &params, &days, check->err))
		return false;
	for (int i = 0; i < days.count; i++) {
		usec_t day = row_usec(&days, i, 0);
		if (piece.since != USEC_NONE && facts + row_int(&days, i, 1) > at_once(check)) {
			if (!check_piece(check, convs, &piece))
				return false;
			piece.since = USEC_NONE;
		}
		if (piece.since == USEC_NONE) {
			piece.since = day;
			facts = 0;
		}
		piece.until = day + USEC_PER_DAY;
		facts += row_int(&days, i, 1);
	}
	return piece.since == USEC_NONE || check_piece(check, convs, &piece);
}

static bool check_together(struct check *check, const struct check_convs *convs, size_t first,
			   size_t count)
{
	const struct check_conv *list = convs->items + first;
	if (count == 1 && list->facts > at_once(check))
		return check_days(check, convs, first);
	const struct piece piece = {
		list[0].conv, list[count - 1].conv, check->derived_from, check->until, first,
		count};
	return check_piece(check, convs, &piece);
}

static bool check_all(struct check *check, const struct check_convs *convs)
{
	for (size_t i = 0, end; i < convs->count; i = end) {
		const struct check_conv *list = convs->items;
		int64_t facts = list[i].facts;
		for (end = i + 1; end < convs->count && !list[i].erased && !list[end].erased &&
				  facts + list[end].facts <= at_once(check);
		     end++)
			facts += list[end].facts;
		if (!list[i].erased && !check_together(check, convs, i, end - i))
			return false;
	}
	return true;
}

bool check_pieces(struct check *check, int64_t conv_lo, int64_t conv_hi)
{
	struct listing it = {.check = check};
	FIELDS_AUTO params = {0};
	if (check_is_enough(check) || check->derived_from >= check->until)
		return true;
	put_span(&params, check->request->realm, check->derived_from, check->until);
	put_int8(&params, conv_lo);
	put_int8(&params, conv_hi);
	bool fine = sql_each(check->store, "check_conversations", &params, &it, take_conversation,
			     check->err) &&
		    check_all(check, &it.convs);
	free(it.convs.items);
	return fine;
}
