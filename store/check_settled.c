// SPDX-License-Identifier: Apache-2.0
// Judges the order of the conversations of a piece anew (store/settle*.c), without writing anything: what
// the judgement would change is what differs.
#include "store/check.h"
#include "store/check_show.h"
#include "store/read.h"
#include "store/settle.h"

#include <stdlib.h>

struct settled {
	struct check *check;
	usec_t since, until;
};

static void tell(struct check *check, struct text what, usec_t at, const char *column,
		 struct text stored, struct text made)
{
	check_tell(check, &(struct check_difference){what, text_of(column), at, stored, made});
}

// --- rows ---

static struct text show_time(struct arena *arena, usec_t at)
{
	char text[USEC_TEXT];
	return at == USEC_NONE ? TEXT("null")
			       : arena_text(arena, text_of(usec_format(at, 6, text)));
}

static struct text show_number(struct arena *arena, int64_t value)
{
	return arena_printf(arena, "%lld", (long long)value);
}

static const struct settled_row *stored_of(const struct settling *it,
					   const struct changed_row *changed)
{
	for (size_t w = 0; w < it->windows.count; w++)
		if (it->windows.items[w].conv == changed->conv)
			return &it->windows.items[w].was.items[changed->row->place];
	return NULL;
}

static void tell_row(const struct settled *self, const struct settling *it,
		     const struct changed_row *changed)
{
	const struct sequence_row *now = changed->row;
	const struct settled_row *was = stored_of(it, changed);
	struct row name = {.conv = changed->conv, .key = now->key, .n = now->n};
	struct arena *arena = it->arena;
	if (now->sent_at < self->since || now->sent_at >= self->until)
		return; // on another day, where it is compared
	const struct {
		const char *column;
		struct text stored, made;
	} columns[] = {
		{"read_inferred_at", show_time(arena, was->read_at),
		 show_time(arena, now->read_inferred_at)},
		{"read_via", show_number(arena, was->via), show_number(arena, now->read_via)},
		{"response_ms", show_number(arena, was->response_ms),
		 show_number(arena, now->response_ms)},
	};
	for (size_t c = 0; c < sizeof columns / sizeof *columns; c++)
		if (!text_same(columns[c].stored, columns[c].made))
			tell(self->check, check_row_name(arena, &name), now->sent_at,
			     columns[c].column, columns[c].stored, columns[c].made);
}

// --- findings and typing ---

static void tell_finding(const struct settled *self, const struct settling *it,
			 const struct conv_finding *found, bool stored)
{
	const struct settle_finding *finding = &found->finding;
	if (finding->at < self->since || finding->at >= self->until)
		return;
	struct text what = arena_printf(it->arena, "finding %s by %.*s", finding->rule,
					(int)finding->by.n, finding->by.p);
	tell(self->check, what, finding->at, "open", stored ? TEXT("yes") : TEXT("no"),
	     stored ? TEXT("no") : TEXT("yes"));
}

static void tell_typing(const struct settled *self, const struct settling *it,
			const struct conv_typing *found, bool stored)
{
	usec_t start = found->typing.start;
	if (start < self->since || start >= self->until)
		return;
	struct text from = found->party->from_text, to = found->party->to_text;
	struct text what = arena_printf(it->arena, "typing of %.*s/%.*s to %.*s", (int)from.n,
					from.p, (int)found->party->resource.n,
					found->party->resource.p, (int)to.n, to.p);
	struct text end = show_time(it->arena, found->typing.end);
	tell(self->check, what, start, "end", stored ? end : TEXT("none"),
	     stored ? TEXT("another") : end);
}

static void compare(const struct settled *self, const struct settling *it)
{
	for (size_t i = 0; i < it->changed.count; i++)
		tell_row(self, it, &it->changed.items[i]);
	for (size_t i = 0; i < it->findings_gone.count; i++)
		tell_finding(self, it, &it->findings_gone.items[i], true);
	for (size_t i = 0; i < it->findings_new.count; i++)
		tell_finding(self, it, &it->findings_new.items[i], false);
	for (size_t i = 0; i < it->typing_gone.count; i++)
		tell_typing(self, it, &it->typing_gone.items[i], true);
	for (size_t i = 0; i < it->typing_new.count; i++)
		tell_typing(self, it, &it->typing_new.items[i], false);
	for (size_t w = 0; w < it->windows.count; w++)
		self->check->result->findings += (int64_t)it->windows.items[w].findings.count;
}

// --- conversations ---

static void add_unit(struct settling *it, const struct check_conv *conv, const struct piece *piece)
{
	usec_t lo = conv->lo > piece->since ? conv->lo : piece->since;
	usec_t hi = conv->hi < piece->until - 1 ? conv->hi : piece->until - 1;
	*VEC_ADD(&it->units) = (struct unit){conv->conv, keys_day(lo), lo, hi, false};
	settle_window(it, it->units.count - 1);
}

static bool judge(struct check *check, struct settling *it, const struct piece *piece)
{
	const struct settled self = {check, piece->since, piece->until};
	if (!sql_run(check->store, "plan_lookups", NULL, NULL, check->err) ||
	    !settle_load(it, check->err) || !settle_judge(it, check->err))
		return false;
	compare(&self, it);
	return sql_run(check->store, "plan_scans", NULL, NULL, check->err);
}

bool check_settled(struct check *check, const struct check_convs *convs, const struct piece *piece)
{
	struct settling it = {.store = check->store,
			      .writer = check->store->writer,
			      .realm = check->request->realm,
			      .rules = check->request->rules,
			      .arena = arena_new(),
			      .most = SIZE_MAX};
	for (size_t i = piece->first; i < piece->first + piece->count; i++)
		if (!convs->items[i].waits)
			add_unit(&it, &convs->items[i], piece);
	bool fine = !it.windows.count || judge(check, &it, piece);
	settling_free(&it);
	return fine;
}
