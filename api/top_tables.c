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

static void put_window(struct top_frame *frame, const struct top_window *window)
{
	const struct delivery_bucket *d = &window->delivery;
	const struct latency *ttd = &d->latencies[SERIES_DELIVER];
	put_format(frame, "%s%s", window->name, window->gaps ? "!" : "");
	put_format(frame, "%*s", 4 - (int)strlen(window->name) - (window->gaps ? 1 : 0), "");
	put_count(frame, d->sent, 6);
	put_count(frame, d->requested, 10);
	put_count(frame, d->confirmed, 10);
	put_count(frame, d->failed, 7);
	put_count(frame, d->pending, 8);
	put_count(frame, d->expired, 8);
	put_percent(frame, d->confirmed, d->requested);
	put_percent(frame, d->confirmed + d->pending, d->requested);
	put_ms(frame, ttd->n ? ttd->ms[0] : -1, 6);
	put_ms(frame, ttd->n ? ttd->ms[2] : -1, 6);
	line_end(frame, window->gaps ? TOP_WARN : TOP_PLAIN);
}

void top_put_delivery(struct top_frame *frame, const struct top_look *look)
{
	static const struct {
		const char *name;
		int columns;
	} heads[] = {{"sent", 6},    {"requested", 10}, {"confirmed", 10}, {"failed", 7},
		     {"pending", 8}, {"expired", 8},    {"rate%", 7},      {"to%", 7},
		     {"p50", 6},     {"p95", 6}};
	put_format(frame, "last");
	for (size_t i = 0; i < sizeof heads / sizeof *heads; i++)
		put_right(frame, heads[i].name, heads[i].columns);
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
	int more = wider(frame);
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
	put_format(frame, " ");
	put_left(frame, source->dialect, dialect_columns(frame));
	put_format(frame, " ");
	put_left(frame, source->live ? state : TEXT("imported"), 9);
	put_right(frame, top_age(complete == USEC_NONE ? complete : now - complete, age), 8);
	put_right(frame, top_age(last == USEC_NONE ? last : now - last, age), 8);
	put_count(frame, unread, 8);
	put_format(frame, "  ");
	if (source->note.p)
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
	put_format(frame, "%-*s %-9s%8s%8s%8s  %s", dialect_columns(frame), "dialect", "state",
		   "lag", "last", "unread", "note");
	line_end(frame, TOP_HEAD);
	for (size_t i = list->from; i < list->to; i++)
		put_source(frame, &look->sources[i], look->at);
}

// --- domains ---

static void put_domain(struct top_frame *frame, const struct domain_delivery *domain)
{
	put_left(frame, domain->domain, domain_columns(frame));
	put_count(frame, domain->requested, 10);
	put_count(frame, domain->confirmed, 10);
	put_count(frame, domain->failed, 7);
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
	put_format(frame, " requested confirmed failed  no reply  rate%%   p95");
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
