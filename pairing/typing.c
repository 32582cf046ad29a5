// SPDX-License-Identifier: Apache-2.0
// Typing intervals (PAIRING F5).
#include "pairing/sequence.h"

#include <stdlib.h>

// Content of each device, in time.
static int compare_sender(const struct sequence_row *row, const struct sequence_state *state)
{
	int order = text_compare(row->from, state->party);

	order = order ? order : text_compare(row->resource, state->resource);
	return order ? order : text_compare(row->to, state->to);
}

static int by_sender(const void *a, const void *b)
{
	const struct sequence_row *x = *(const struct sequence_row *const *)a;
	const struct sequence_row *y = *(const struct sequence_row *const *)b;
	int order = text_compare(x->from, y->from);

	order = order ? order : text_compare(x->resource, y->resource);
	order = order ? order : text_compare(x->to, y->to);
	order = order ? order : (x->sent_at > y->sent_at) - (x->sent_at < y->sent_at);
	return order ? order : text_compare(x->tie, y->tie);
}

struct content {
	const struct sequence_row **rows;
	size_t count, next;
};

static struct content content_by_device(const struct scene *scene)
{
	struct content content = {xcalloc(scene->row_count + 1, sizeof(void *)), 0, 0};

	for (size_t i = 0; i < scene->row_count; i++)
		if (scene->rows[i].class_ != CLASS_GROUP)
			content.rows[content.count++] = &scene->rows[i];
	qsort(content.rows, content.count, sizeof(*content.rows), by_sender);
	return content;
}

static void seek_device(struct content *content, const struct sequence_state *state)
{
	while (content->next < content->count &&
	       compare_sender(content->rows[content->next], state) < 0)
		content->next++;
}

// The next content of the device up to this time (T1: of one instant ingress first, then content).
static const struct sequence_row *next_content(struct content *content,
					       const struct sequence_state *state, usec_t until)
{
	if (content->next == content->count)
		return NULL;
	const struct sequence_row *row = content->rows[content->next];
	bool after = row->sent_at == state->at && state->ingress && !row->ingress;
	if (row->sent_at > until || compare_sender(row, state) != 0 ||
	    (after && until == state->at))
		return NULL;
	content->next++;
	return row;
}

struct walk {
	const struct sequence_state *open; // NULL: nothing is open
	void *self;
	void (*each)(void *self, const struct typing *typing);
};

static void close_interval(struct walk *walk, usec_t at, enum typing_end how)
{
	const struct sequence_state *open = walk->open;

	walk->open = NULL;
	if (open)
		walk->each(walk->self, &(struct typing){.party = open->party,
							.resource = open->resource,
							.to = open->to,
							.start = open->at,
							.end = at,
							.ended = how,
							.position = open->position});
}

static void take_content(struct walk *walk, struct content *content,
			 const struct sequence_state *device, usec_t until)
{
	const struct sequence_row *row;

	while ((row = next_content(content, device, until)))
		close_interval(walk, row->sent_at, TYPING_CONTENT);
}

static void take_state(struct walk *walk, const struct sequence_state *state)
{
	if (state->state != STATE_COMPOSING)
		close_interval(walk, state->at, TYPING_STATE);
	else if (!walk->open)
		walk->open = state;
}

void typing_intervals(const struct scene *scene, void *self,
		      void (*each)(void *self, const struct typing *typing))
{
	struct content content = content_by_device(scene);
	struct walk walk = {NULL, self, each};

	for (size_t i = 0; i < scene->state_count; i++) {
		const struct sequence_state *state = &scene->states[i];
		bool last = i + 1 == scene->state_count ||
			    !sequence_same_device(state, &scene->states[i + 1]);
		if (state->leg != LEG_DIRECT)
			continue;
		if (i == 0 || !sequence_same_device(&scene->states[i - 1], state))
			seek_device(&content, state);
		take_content(&walk, &content, state, state->at);
		if (state->used && state->kept)
			take_state(&walk, state);
		if (!last)
			continue;
		take_content(&walk, &content, state, INT64_MAX);
		close_interval(&walk, USEC_NONE, TYPING_OPEN);
	}
	free(content.rows);
}

bool typing_judge(const struct typing *typing, const struct realm_settings *rules, usec_t now,
		  struct typing_judged *judged)
{
	bool open = typing->ended == TYPING_OPEN;
	usec_t length = (open ? now : typing->end) - typing->start;

	if (open && length <= rules->t_composing_open)
		return false;
	bool capped = open || length > rules->t_typing;
	*judged = (struct typing_judged){
		.ms = (capped ? rules->t_typing : length) / 1000,
		.ended_by = capped                          ? "cap"
			    : typing->ended == TYPING_STATE ? "state"
							    : "content",
		.composing_open = open,
	};
	return true;
}
