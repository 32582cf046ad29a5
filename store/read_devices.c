// SPDX-License-Identifier: Apache-2.0
// Devices that acknowledged rows of a page whose evidence is in ack (PAIRING section 9): direct evidence alone, first
// times, by name. Grouped here and not by the server, to whom making ready two groupings costs more than finding the
// evidence.
#include "store/read_messages.h"
#include "store/write.h" // VEC

#include <stdlib.h>

enum { COL_CONV, COL_KEY, COL_N_OF, COL_KIND, COL_SEEN, COL_JID, COL_RESOURCE };

struct found {
	const struct wanted_row *row;
	struct device_time device;
};

typedef VEC(struct found) found_list;

// --- which row a piece of evidence is of ---

static int compare(int64_t a, int64_t b)
{
	return (a > b) - (a < b);
}

static int by_identity(const void *a, const void *b)
{
	const struct wanted_row *x = a, *y = b;
	int order = compare(x->conv, y->conv);
	order = order ? order : compare(x->key, y->key);
	return order ? order : compare(x->n, y->n);
}

// The first of those with its identity; the others follow it.
static const struct wanted_row *first_of(const struct wanted_row *rows, size_t count,
					 const struct wanted_row *like)
{
	size_t lo = 0, hi = count;
	while (lo < hi) {
		size_t middle = lo + (hi - lo) / 2;
		if (by_identity(&rows[middle], like) < 0)
			lo = middle + 1;
		else
			hi = middle;
	}
	return rows + lo;
}

// --- what it says ---

static bool is_of_delivery(int64_t kind)
{
	return kind == EV_RECEIPT || kind == EV_MARK_RECEIVED || kind == EV_XE_DELIVERED;
}

// An account whose name this connection may not see has no device.
static struct text device_name(struct arena *arena, const struct rows *evidence, int i)
{
	struct text jid = row_text(evidence, i, COL_JID);
	struct text resource = row_text(evidence, i, COL_RESOURCE);
	if (!jid.p || !resource.p)
		return jid;
	return arena_printf(arena, "%.*s/%.*s", (int)jid.n, jid.p, (int)resource.n, resource.p);
}

static void take_evidence(found_list *list, struct arena *arena, const struct wanted_row *rows,
			  size_t count, const struct rows *evidence, int i)
{
	const struct wanted_row like = {.conv = row_int(evidence, i, COL_CONV),
					.key = row_int(evidence, i, COL_KEY),
					.n = (int32_t)row_int(evidence, i, COL_N_OF)};
	usec_t at = row_usec(evidence, i, COL_SEEN);
	bool delivery = is_of_delivery(row_int(evidence, i, COL_KIND));
	struct device_time device = {device_name(arena, evidence, i), delivery ? at : USEC_NONE,
				     delivery ? USEC_NONE : at};
	const struct wanted_row *row = first_of(rows, count, &like), *end = rows + count;
	for (; device.device.p && row < end && by_identity(row, &like) == 0; row++)
		if (at >= row->sent_at - USEC_PER_DAY)
			*VEC_ADD(list) = (struct found){row, device};
}

// --- by row and device ---

static int by_device(const void *a, const void *b)
{
	const struct found *x = a, *y = b;
	if (x->row != y->row)
		return x->row < y->row ? -1 : 1;
	return text_compare(x->device.device, y->device.device);
}

static usec_t first_time(usec_t a, usec_t b)
{
	return a == USEC_NONE || (b != USEC_NONE && b < a) ? b : a;
}

static void give(struct arena *arena, const found_list *list)
{
	struct device_time *times = arena_alloc(arena, (list->count + 1) * sizeof *times),
			   *to = times;
	for (size_t i = 0; i < list->count; i++) {
		const struct found *it = &list->items[i];
		struct row_details *details = it->row->details;
		if (!details->device_count)
			details->device_list = to;
		else if (text_compare(to[-1].device, it->device.device) == 0) {
			to[-1].delivered = first_time(to[-1].delivered, it->device.delivered);
			to[-1].displayed = first_time(to[-1].displayed, it->device.displayed);
			continue;
		}
		details->device_count++;
		*to++ = it->device;
	}
}

void give_devices(struct arena *arena, struct wanted_row *rows, size_t count,
		  const struct rows *evidence)
{
	found_list list = {0};
	qsort(rows, count, sizeof *rows, by_identity);
	for (int i = 0; i < evidence->count; i++)
		take_evidence(&list, arena, rows, count, evidence, i);
	if (list.count)
		qsort(list.items, list.count, sizeof *list.items, by_device);
	give(arena, &list);
	free(list.items);
}
