// SPDX-License-Identifier: Apache-2.0
// The rows next to a window, however far (F6).
#include "store/settle.h"

#include <stdlib.h>

struct edge {
	struct window *window;
	usec_t at;    // beside this
	usec_t found; // USEC_NONE: nothing
};

struct edges {
	struct walks walks; // first: walks_go() gives it to look()
	struct settling *it;
	VEC(struct edge) items;
};

static bool take_edge(void *self, const struct rows *rows)
{
	struct edges *edges = self;
	struct walk *walk = walks_found(&edges->walks, row_int(rows, 0, 0));
	edges->items.items[walk - edges->walks.items.items].found = row_usec(rows, 0, 1);
	return true;
}

static bool look(struct walks *walks, struct err *err)
{
	struct edges *edges = (struct edges *)walks;
	FIELDS_AUTO conv = {0};
	FIELDS_AUTO lo = {0};
	FIELDS_AUTO hi = {0};
	FIELDS_AUTO params = {0};
	for (size_t i = 0; i < walks->asked.count; i++)
		put_int8(&conv, edges->items.items[walks->asked.items[i]].window->conv);
	walks_spans(walks, &lo, &hi);
	put_array(&params, OF_INT8, &conv);
	put_array(&params, OF_TIMESTAMPTZ, &lo);
	put_array(&params, OF_TIMESTAMPTZ, &hi);
	put_in_days(&params, &lo, &hi);
	return sql_each(edges->it->store, walks->after ? "settle_after" : "settle_before", &params,
			edges, take_edge, err);
}

static void edges_free(struct edges *edges)
{
	walks_free(&edges->walks);
	free(edges->items.items);
}
#define EDGES_AUTO __attribute__((cleanup(edges_free))) struct edges

static struct edges edges_of(struct settling *it, bool after)
{
	return (struct edges){.it = it, .walks = {.keys = it->writer->keys, .after = after}};
}

static void add_edge(struct edges *edges, struct window *window, usec_t at)
{
	walks_add(&edges->walks, window->conv, at);
	*VEC_ADD(&edges->items) = (struct edge){window, usec_bounded(at), USEC_NONE};
}

// --- what they are for ---

// The row after a window may begin a run or not begin one any more.
static bool load_after(struct settling *it, struct err *err)
{
	EDGES_AUTO edges = edges_of(it, true);
	for (size_t i = 0; i < it->windows.count; i++)
		if (!it->windows.items[i].room)
			add_edge(&edges, &it->windows.items[i], it->windows.items[i].hi);
	if (!walks_go(&edges.walks, look, err))
		return false;
	for (size_t i = 0; i < edges.items.count; i++) {
		const struct edge *edge = &edges.items.items[i];
		struct window *window = edge->window;
		if (edge->found == USEC_NONE)
			continue;
		if (edge->found > window->write_to)
			window->write_to = edge->found;
		window->to = window->write_to + it->rules->t_infer;
	}
	return true;
}

// The row before belongs to the scene.
static bool load_before(struct settling *it, struct err *err)
{
	EDGES_AUTO edges = edges_of(it, false);
	for (size_t i = 0; i < it->windows.count; i++)
		if (!it->windows.items[i].room && it->windows.items[i].reaches)
			add_edge(&edges, &it->windows.items[i], it->windows.items[i].rows_from);
	if (!walks_go(&edges.walks, look, err))
		return false;
	for (size_t i = 0; i < edges.items.count; i++)
		if (edges.items.items[i].found != USEC_NONE)
			edges.items.items[i].window->rows_from = edges.items.items[i].found;
	return true;
}

bool settle_edges(struct settling *it, struct err *err)
{
	return load_before(it, err) && load_after(it, err);
}

// --- the run under way ---

struct runs {
	struct edges last, older; // the same windows in both
};

static void runs_free(struct runs *runs)
{
	edges_free(&runs->last);
	edges_free(&runs->older);
}

static bool take_run(void *self, const struct rows *rows)
{
	const struct runs *runs = self;
	struct window *window = runs->last.items.items[row_int(rows, 0, 0) - 1].window;
	for (int c = 0; c < 3; c++)
		window->run[c] = row_usec(rows, 0, c + 1);
	return true;
}

struct run_fields { // parameters of settle_run.sql, and the spans that it looks at
	struct fields conv, begin, old, last, older, from, to;
};

static void run_fields_free(struct run_fields *list)
{
	struct fields *all[] = {&list->conv,  &list->begin, &list->old, &list->last,
				&list->older, &list->from,  &list->to};
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		fields_free(all[i]);
}

static void add_run(struct run_fields *list, const struct edge *last, const struct edge *older)
{
	const usec_t spans[][2] = {
		{older->at, last->at}, {last->found, last->found}, {older->found, older->found}};
	put_int8(&list->conv, last->window->conv);
	put_usec(&list->begin, last->at);
	put_usec(&list->old, older->at);
	put_usec(&list->last, last->found);
	put_usec(&list->older, older->found);
	for (size_t i = 0; i < sizeof spans / sizeof *spans; i++) {
		put_usec(&list->from, spans[i][0]);
		put_usec(&list->to, spans[i][1]);
	}
}

static bool run_runs(struct settling *it, struct runs *runs, struct err *err)
{
	__attribute__((cleanup(run_fields_free))) struct run_fields list = {0};
	FIELDS_AUTO params = {0};
	for (size_t i = 0; i < runs->last.items.count; i++)
		add_run(&list, &runs->last.items.items[i], &runs->older.items.items[i]);
	put_array(&params, OF_INT8, &list.conv);
	put_array(&params, OF_TIMESTAMPTZ, &list.begin);
	put_array(&params, OF_TIMESTAMPTZ, &list.old);
	put_array(&params, OF_TIMESTAMPTZ, &list.last);
	put_array(&params, OF_TIMESTAMPTZ, &list.older);
	put_in_days(&params, &list.from, &list.to);
	return sql_each(it->store, "settle_run", &params, runs, take_run, err);
}

bool settle_run(struct settling *it, struct err *err)
{
	__attribute__((cleanup(runs_free))) struct runs runs = {edges_of(it, false),
								edges_of(it, false)};
	for (size_t i = 0; i < it->windows.count; i++) {
		struct window *window = &it->windows.items[i];
		if (window->reaches || window->room)
			continue;
		add_edge(&runs.last, window, window->lo);
		add_edge(&runs.older, window, window->lo - it->rules->t_infer);
	}
	return !runs.last.items.count ||
	       (walks_go(&runs.last.walks, look, err) && walks_go(&runs.older.walks, look, err) &&
		run_runs(it, &runs, err));
}
