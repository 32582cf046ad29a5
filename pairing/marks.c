// SPDX-License-Identifier: Apache-2.0
// Which marker of a conversation covers a row first (PAIRING P8). A conversation may have very many of
// both, and late markers for old messages cover none of the newer rows: looking at each of them for each
// row would take the product of both numbers. So marks that cover under the same conditions stand
// together, in order of time, under a tree of the spans of what they mark.
#include "pairing/marks.h"

#include <stdlib.h>

enum { FEW = 8 }; // so many are looked at one by one

struct span { // of targets' sent_at
	usec_t lo, hi;
};

struct conditions {
	struct text s;  // whose messages
	int64_t thread; // of the marker stanza, 0 = none
	bool routed;    // the target has an out line: rows need one too
};

struct mark_group {
	struct conditions of;
	struct mark **items; // in order of t
	size_t count, leaves;
	struct span *tree; // leaves nodes, then a leaf for each mark
};

// --- in order of time ---

static int compare_moments(const struct mark *a, const struct mark *b)
{
	struct moment x = evidence_moment(a->ev), y = evidence_moment(b->ev);

	return moment_compare(&x, &y);
}

bool marks_same_moment(const struct mark *a, const struct mark *b)
{
	return a->t == b->t && !compare_moments(a, b);
}

static int by_t(const void *a, const void *b)
{
	const struct mark *x = a, *y = b;

	if (x->t != y->t)
		return x->t < y->t ? -1 : 1;
	int order = compare_moments(x, y);
	if (order)
		return order;
	if (x->target->sent_at != y->target->sent_at)
		return x->target->sent_at < y->target->sent_at ? -1 : 1;
	return 0;
}

static bool is_mark(const struct entry *entry, const struct evidence *ev)
{
	return ev->place && is_marker(ev->kind) && !entry->group;
}

static void add_mark(struct all_marks *all, struct entry *entry, const struct evidence *ev)
{
	bool displayed = ev->kind != EV_MARK_RECEIVED;
	struct marks *marks = displayed ? &all->displayed : &all->received;

	if (!is_mark(entry, ev))
		return;
	if (marks->items)
		marks->items[marks->count] =
			(struct mark){ev->first, &entry->rows[ev->place - 1], entry, ev};
	marks->count++;
}

static void add_all(const struct conversation *conversation, struct all_marks *all)
{
	all->displayed.count = all->received.count = 0;
	for (struct entry *entry = conversation->entries; entry; entry = entry->next_in_conv)
		for (size_t i = 0; i < entry->evidence.count; i++)
			add_mark(all, entry, &entry->evidence.items[i]);
}

// --- marks that cover under the same conditions ---

static bool is_routed(const struct mark *mark)
{
	return mark->target->flags & FLAG_OUT_LINE;
}

static struct conditions conditions_of(const struct mark *mark)
{
	return (struct conditions){mark->entry->s, mark->ev->thread, is_routed(mark)};
}

static int compare_conditions(const struct conditions *x, const struct conditions *y)
{
	int order = text_compare(x->s, y->s);

	if (order)
		return order;
	if (x->thread != y->thread)
		return x->thread < y->thread ? -1 : 1;
	return (int)x->routed - (int)y->routed;
}

static int by_conditions(const struct mark *a, const struct mark *b)
{
	struct conditions x = conditions_of(a), y = conditions_of(b);

	return compare_conditions(&x, &y);
}

static int by_group(const void *a, const void *b)
{
	const struct mark *x = *(struct mark *const *)a, *y = *(struct mark *const *)b;
	int order = by_conditions(x, y);

	return order ? order : (x > y) - (x < y); // they stand in order of t
}

static void grow_tree(struct mark_group *group)
{
	group->leaves = 1;
	while (group->leaves < group->count)
		group->leaves *= 2;
	group->tree = xcalloc(2 * group->leaves, sizeof(*group->tree));
	for (size_t i = 0; i < group->leaves; i++) {
		struct span *leaf = &group->tree[group->leaves + i];
		leaf->lo = i < group->count ? group->items[i]->target->sent_at : INT64_MAX;
		leaf->hi = i < group->count ? leaf->lo : INT64_MIN;
	}
	for (size_t i = group->leaves - 1; i > 0; i--) {
		const struct span *a = &group->tree[2 * i], *b = a + 1;
		group->tree[i] =
			(struct span){a->lo < b->lo ? a->lo : b->lo, a->hi > b->hi ? a->hi : b->hi};
	}
}

static void make_group(struct marks *marks, struct mark **first, size_t count)
{
	struct mark_group *group = &marks->groups[marks->group_count++];

	*group = (struct mark_group){conditions_of(first[0]), first, count, 0, NULL};
	grow_tree(group);
}

static void make_groups(struct marks *marks)
{
	struct mark **list = xcalloc(marks->count, sizeof(struct mark *));
	size_t groups = 1;

	for (size_t i = 0; i < marks->count; i++)
		list[i] = &marks->items[i];
	qsort(list, marks->count, sizeof(struct mark *), by_group);
	for (size_t i = 1; i < marks->count; i++)
		groups += by_conditions(list[i - 1], list[i]) != 0;
	marks->groups = xcalloc(groups, sizeof(*marks->groups));
	for (size_t i = 0, end; i < marks->count; i = end) {
		for (end = i + 1; end < marks->count && !by_conditions(list[i], list[end]); end++)
			;
		make_group(marks, list + i, end - i);
	}
}

static void finish(struct marks *marks)
{
	if (marks->count > 1)
		qsort(marks->items, marks->count, sizeof(struct mark), by_t);
	if (marks->count > FEW)
		make_groups(marks);
}

void marks_collect(const struct conversation *conversation, struct all_marks *all)
{
	*all = (struct all_marks){0};
	add_all(conversation, all); // counts
	if (!all->displayed.count && !all->received.count)
		return;
	all->displayed.items = xcalloc(all->displayed.count, sizeof(struct mark));
	all->received.items = xcalloc(all->received.count, sizeof(struct mark));
	add_all(conversation, all);
	finish(&all->displayed);
	finish(&all->received);
}

static void free_one(struct marks *marks)
{
	for (size_t i = 0; i < marks->group_count; i++)
		free(marks->groups[i].tree);
	if (marks->group_count)
		free(marks->groups[0].items); // one list for all
	free(marks->groups);
	free(marks->items);
}

void marks_free(struct all_marks *all)
{
	free_one(&all->displayed);
	free_one(&all->received);
}

// --- the earliest that covers ---

struct cover { // what a mark must be like
	struct span t, target;
};

static struct cover cover_of(const struct realm_settings *rules, const struct row *row)
{
	// A marker for a message sent at or after the row's time cannot be earlier than that by more
	// than w_skew (P2).
	struct cover cover = {
		{row->sent_at - rules->w_skew, row->sent_at + rules->w_upto + rules->w_match},
		{row->sent_at, row->sent_at + rules->w_upto}};

	if (row->retracted_at != USEC_NONE && row->retracted_at <= cover.t.hi)
		cover.t.hi = row->retracted_at - 1;
	return cover;
}

// The log shows that R did not have it yet.
static bool is_away(const struct realm_settings *rules, const struct row *row, usec_t t)
{
	return row->routed_at == USEC_NONE || row->routed_at > t + rules->w_skew;
}

// Its own marker is direct evidence.
static bool is_own(const struct mark *mark, const struct entry *entry, const struct row *row)
{
	return mark->entry == entry && &entry->rows[mark->ev->place - 1] == row;
}

static bool covers(const struct realm_settings *rules, const struct mark *mark,
		   const struct entry *entry, const struct row *row, const struct cover *cover)
{
	usec_t at = mark->target->sent_at;

	return mark->t >= cover->t.lo && mark->t <= cover->t.hi && at >= cover->target.lo &&
	       at <= cover->target.hi && text_same(mark->entry->s, entry->s) &&
	       !is_own(mark, entry, row) && !(is_routed(mark) && is_away(rules, row, mark->t)) &&
	       (!mark->ev->thread || mark->ev->thread == row->thread);
}

// The first mark at or behind "from", below this node of width marks, whose target lies in the span.
static size_t first_below(const struct mark_group *group, size_t node, size_t start, size_t width,
			  size_t from, const struct span *target)
{
	const struct span *span = &group->tree[node];

	if (start + width <= from || span->hi < target->lo || span->lo > target->hi)
		return SIZE_MAX;
	if (width == 1)
		return start;
	size_t half = width / 2, found = first_below(group, 2 * node, start, half, from, target);
	return found != SIZE_MAX
		       ? found
		       : first_below(group, 2 * node + 1, start + half, half, from, target);
}

static size_t first_from(const struct mark_group *group, usec_t t)
{
	size_t low = 0, high = group->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (group->items[middle]->t < t)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static usec_t group_cover(const struct mark_group *group, const struct entry *entry,
			  const struct row *row, const struct cover *cover)
{
	for (size_t i = first_from(group, cover->t.lo); i < group->count; i++) {
		i = first_below(group, 1, 0, group->leaves, i, &cover->target);
		if (i >= group->count || group->items[i]->t > cover->t.hi)
			break;
		if (!is_own(group->items[i], entry, row))
			return group->items[i]->t;
	}
	return USEC_NONE;
}

static const struct mark_group *find_group(const struct marks *marks, struct text s, int64_t thread,
					   bool routed)
{
	size_t low = 0, high = marks->group_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct mark_group *group = &marks->groups[middle];
		int order = compare_conditions(&group->of, &(struct conditions){s, thread, routed});
		if (!order)
			return group;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

static usec_t groups_cover(const struct realm_settings *rules, const struct marks *marks,
			   const struct entry *entry, const struct row *row, struct cover cover)
{
	const int64_t threads[] = {0, row->thread};
	usec_t found = USEC_NONE;

	for (size_t i = 0; i < (row->thread ? 4 : 2); i++) {
		bool routed = i % 2;
		const struct mark_group *group =
			find_group(marks, entry->s, threads[i / 2], routed);
		struct cover own = cover;
		if (!group || (routed && row->routed_at == USEC_NONE))
			continue;
		if (routed && row->routed_at - rules->w_skew > own.t.lo)
			own.t.lo = row->routed_at - rules->w_skew;
		min_into(&found, group_cover(group, entry, row, &own));
	}
	return found;
}

usec_t marks_cover(const struct realm_settings *rules, const struct marks *marks,
		   const struct entry *entry, const struct row *row)
{
	struct cover cover = cover_of(rules, row);

	if (marks->groups)
		return groups_cover(rules, marks, entry, row, cover);
	for (size_t i = 0; i < marks->count; i++)
		if (covers(rules, &marks->items[i], entry, row, &cover))
			return marks->items[i].t;
	return USEC_NONE;
}
