// SPDX-License-Identifier: Apache-2.0
// The tables of a frame: delivery by window, sources, domains. On a screen the two lists share the lines that
// are left, on paper they are whole.
#include "api/top_frame.h"

#include "api/top_text.h"

#include <stdio.h>

// --- delivery ---

static void put_count(struct top_frame *frame, int64_t number, int columns)
{
	char text[TOP_SHORT];
	put_right(frame, top_count(number, columns - 1, text), columns);
}

static void put_percent(struct top_frame *frame, int64_t part, int64_t whole)
{
	char text[TOP_SHORT];
	put_right(frame, top_percent(part, whole, text), 7);
}

static void put_ms(struct top_frame *frame, int64_t ms, int columns)
{
	char text[TOP_SHORT];
	put_right(frame, top_ms(ms, text), columns);
}

// What a narrow screen leaves out goes by what an operator looks at last.
enum { WHOLE = 79, MIDDLE = 57, NARROW = 42 };

bool top_has_room(const struct top_frame *frame, int least)
{
	return frame->columns == 0 || frame->columns >= least;
}

static const struct column {
	const char *name;
	int columns, least; // of the screen
} delivery_columns[] = {{"sent", 6, WHOLE}, {"requested", 10, 0},   {"confirmed", 10, WHOLE},
			{"failed", 7, 0},   {"pending", 8, MIDDLE}, {"expired", 8, MIDDLE},
			{"rate%", 7, 0},    {"to%", 7, 0},          {"p50", 6, WHOLE},
			{"p95", 6, NARROW}};

enum { SENT, REQUESTED, CONFIRMED, FAILED, PENDING, EXPIRED, RATE, RATE_TO, P50, P95, COLUMNS };

static void put_cell(struct top_frame *frame, const struct top_window *window, size_t i)
{
	const struct delivery_bucket *d = &window->delivery;
	const struct latency *ttd = &d->latencies[SERIES_DELIVER];
	const int64_t counts[] = {d->sent,   d->requested, d->confirmed,
				  d->failed, d->pending,   d->expired};
	if (i <= EXPIRED)
		put_count(frame, counts[i], delivery_columns[i].columns);
	else if (i <= RATE_TO)
		put_percent(frame, d->confirmed + (i == RATE_TO ? d->pending : 0), d->requested);
	else
		put_ms(frame, ttd->n ? ttd->ms[i == P50 ? 0 : 2] : -1, delivery_columns[i].columns);
}

static void put_window(struct top_frame *frame, const struct top_window *window)
{
	put_format(frame, "%s%s", window->name, window->gaps ? "!" : "");
	put_format(frame, "%*s", 4 - (int)strlen(window->name) - (window->gaps ? 1 : 0), "");
	for (size_t i = 0; i < COLUMNS; i++)
		if (top_has_room(frame, delivery_columns[i].least))
			put_cell(frame, window, i);
	line_end(frame, window->gaps ? TOP_WARN : TOP_PLAIN);
}

void top_put_delivery(struct top_frame *frame, const struct top_look *look)
{
	put_format(frame, "last");
	for (size_t i = 0; i < COLUMNS; i++)
		if (top_has_room(frame, delivery_columns[i].least))
			put_right(frame, delivery_columns[i].name, delivery_columns[i].columns);
	line_end(frame, TOP_HEAD);
	for (size_t i = 0; i < TOP_WINDOWS; i++)
		put_window(frame, &look->windows[i]);
}

// --- lists ---

struct list {
	size_t from, to, all;
};

static void put_range(struct top_frame *frame, const struct list *list)
{
	if (list->from > 0 || list->to < list->all)
		put_format(frame, " (%zu-%zu of %zu)", list->from + 1, list->to, list->all);
}

static int wider(const struct top_frame *frame)
{
	return frame->columns > 80 ? frame->columns - 80 : 0;
}

// The last column of a screen stays free (it would wrap); numbers too far from their name cannot be read.
static int domain_columns(const struct top_frame *frame)
{
	const int most = 40;
	const int narrow = 59, least = 12; // with the columns that it has then
	int more = wider(frame), less = narrow - frame->columns;
	if (frame->columns > 0 && less > 0)
		return 29 - less > least ? 29 - less : least;
	return 29 + (more < most ? more : most);
}

// Long names of dialects are whole where there is room.
static int dialect_columns(const struct top_frame *frame)
{
	return frame->columns >= 120 ? 18 : 11;
}

// What the name and the note of a source have between them.
static int source_more(const struct top_frame *frame)
{
	int more = frame->columns - 80 - (dialect_columns(frame) - 11);
	return more > 0 ? more / 2 : 0;
}

// --- sources ---

static const struct {
	const char *symbol, *ascii;
	enum top_style style;
} troubles[] = {{"\u25cf", "*", TOP_PLAIN}, {"\u25b2", "!", TOP_WARN}, {"\u2716", "X", TOP_BAD}};

enum { SOURCE_UNREAD = 48 };

static void put_source(struct top_frame *frame, const struct source_state *source, usec_t now)
{
	char age[TOP_SHORT];
	int trouble = top_source_trouble(source);
	usec_t complete = source->complete_until, last = source->last_at;
	int64_t unread = source->size > source->read_bytes
				 ? (int64_t)(source->size - source->read_bytes)
				 : 0;
	struct text state = source->state.p ? source->state : TEXT("unknown");
	put_format(frame, "%s ",
		   !source->live ? " "
		   : frame->utf8 ? troubles[trouble].symbol
				 : troubles[trouble].ascii);
	put_path(frame, source->name, 18 + source_more(frame));
	if (top_has_room(frame, WHOLE)) {
		put_format(frame, " ");
		put_left(frame, source->dialect, dialect_columns(frame));
	}
	put_format(frame, " ");
	put_left(frame, source->live ? state : TEXT("imported"), 9);
	put_right(frame, top_age(complete == USEC_NONE ? complete : now - complete, age), 8);
	if (top_has_room(frame, WHOLE))
		put_right(frame, top_age(last == USEC_NONE ? last : now - last, age), 8);
	if (top_has_room(frame, SOURCE_UNREAD))
		put_count(frame, unread, 8);
	put_format(frame, "  ");
	if (source->note.p && top_has_room(frame, MIDDLE))
		put_text_cut(frame, source->note, 11 + source_more(frame));
	line_end(frame, source->live ? troubles[trouble].style : TOP_DIM);
}

static void put_sources(struct top_frame *frame, const struct top_look *look,
			const struct list *list)
{
	char head[64] = "source";
	size_t written = frame->text.len;
	put_format(frame, "  source");
	put_range(frame, list);
	snprintf(head, sizeof head, "%.*s", (int)(frame->text.len - written),
		 frame->text.data + written);
	frame->text.len = written;
	put_left(frame, text_of(head), 21 + source_more(frame));
	if (top_has_room(frame, WHOLE))
		put_format(frame, "%-*s ", dialect_columns(frame), "dialect");
	put_format(frame, "%-9s%8s", "state", "lag");
	if (top_has_room(frame, WHOLE))
		put_format(frame, "%8s", "last");
	if (top_has_room(frame, SOURCE_UNREAD))
		put_format(frame, "%8s", "unread");
	if (top_has_room(frame, MIDDLE))
		put_format(frame, "  note");
	line_end(frame, TOP_HEAD);
	for (size_t i = list->from; i < list->to; i++)
		put_source(frame, &look->sources[i], look->at);
}

// --- domains ---

static void put_domain(struct top_frame *frame, const struct domain_delivery *domain)
{
	put_left(frame, domain->domain, domain_columns(frame));
	put_count(frame, domain->requested, 10);
	if (top_has_room(frame, WHOLE))
		put_count(frame, domain->confirmed, 10);
	put_count(frame, domain->failed, 7);
	if (top_has_room(frame, WHOLE))
		put_count(frame, domain->requested - domain->confirmed - domain->failed, 10);
	put_percent(frame, domain->confirmed, domain->requested);
	put_ms(frame, domain->ttd_p95_ms, 6);
	line_end(frame, TOP_PLAIN);
}

static void put_domains(struct top_frame *frame, const struct top_look *look,
			const struct list *list)
{
	char day[USEC_TEXT], head[96];
	usec_format(look->domains_since, 0, day);
	snprintf(head, sizeof head, "to domain, since %.10s", day);
	if (list->from > 0 || list->to < list->all)
		snprintf(head, sizeof head, "to domain, %.10s %zu-%zu/%zu", day, list->from + 1,
			 list->to, list->all);
	put_left(frame, text_of(head), domain_columns(frame));
	put_format(frame, top_has_room(frame, WHOLE)
				  ? " requested confirmed failed  no reply  rate%%   p95"
				  : " requested failed  rate%%   p95");
	line_end(frame, TOP_HEAD);
	for (size_t i = list->from; i < list->to; i++)
		put_domain(frame, &look->domains[i]);
	if (!look->domain_count) {
		put_format(frame, "(nobody asked for a receipt from another domain)");
		line_end(frame, TOP_DIM);
	}
}

// --- who gets which lines ---

static struct list cut_list(size_t all, int lines, int scroll)
{
	size_t room = lines > 0 ? (size_t)lines : 0;
	room = room < all ? room : all;
	size_t from = (size_t)(scroll > 0 ? scroll : 0);
	from = from + room > all ? all - room : from;
	return (struct list){from, from + room, all};
}

void top_put_tables(struct top_frame *frame, const struct top_view *view,
		    const struct top_look *look)
{
	int sources = (int)look->source_count, domains = (int)look->domain_count;
	if (view->rows > 0) {
		int heads = top_is_airy(view) ? 5 : 3; // with that of the keys
		int room = view->rows - (int)frame->count - heads;
		int half = room / 2, need = domains > 0 ? domains : 1;
		int most = need < room - half ? room - need : half;
		sources = sources < most ? sources : most;
		domains = room - sources;
	}
	struct list list = cut_list(look->source_count, sources, view->scroll);
	top_put_space(frame, view);
	put_sources(frame, look, &list);
	list = cut_list(look->domain_count, domains, view->scroll);
	top_put_space(frame, view);
	put_domains(frame, look, &list);
}
