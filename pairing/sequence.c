// SPDX-License-Identifier: Apache-2.0
// Inferred reading (PAIRING I1..I4) and response times (F6): one walk over the rows of a scene each.
#include "pairing/sequence.h"

#include "pairing/jid.h"

#include <stdlib.h>

void sequence_row_of(const struct row *row, struct sequence_row *out)
{
	*out = (struct sequence_row){
		.sent_at = row->sent_at,
		.key = row->key,
		.n = row->n,
		.from = row->from,
		.to = row->to,
		.id = row->id,
		.resource = row->from_resource,
		.class_ = row->class_,
		.delivered_at = row->delivered_at,
		.displayed_at = row->displayed_at,
		.reaction_at = row->reaction_at,
		.reply_at = row->reply_at,
		.mds_at = row->mds_at,
		.read_inferred_at = USEC_NONE,
		.response_ms = -1,
	};
	sequence_row_tie(out, row->tie, row->source != 0);
}

void sequence_row_tie(struct sequence_row *row, struct text stored, bool ingress)
{
	row->tie = tie_own(stored);
	row->ingress = row->tie.p ? row->tie.p[0] == TIE_INGRESS : ingress;
}

void sequence_party(struct text full, const struct realm_settings *rules, struct text *party,
		    struct text *resource)
{
	const char *slash = full.n ? memchr(full.p, '/', full.n) : NULL;
	struct text bare = {full.p, slash ? (size_t)(slash - full.p) : full.n};

	*party = full;
	*resource = TEXT_NONE;
	if (!slash || string_list_has(&rules->muc_domains, party_domain(bare)))
		return;
	*party = bare;
	*resource = (struct text){slash + 1, full.n - bare.n - 1};
}

void sequence_state_of(const struct chat_state_seen *seen, const struct realm_settings *rules,
		       struct sequence_state *out)
{
	*out = (struct sequence_state){
		.at = seen->at,
		.to = seen->to,
		.state = seen->state,
		.leg = seen->leg,
		.content = seen->content,
		.ingress = seen->ingress,
		.used = true,
		.own_id = seen->own_id,
		.sig = seen->sig,
		.tie = seen->tie,
		.position = seen->position,
	};
	sequence_party(seen->from, rules, &out->party, &out->resource);
}

// --- order (T1) ---

static int compare_usec(usec_t a, usec_t b)
{
	return (a > b) - (a < b);
}

// Where the ties of rows are not kept, what tells them apart is the same in any order of arrival.
static int by_time(const void *a, const void *b)
{
	const struct sequence_row *x = a, *y = b;
	int order = compare_usec(x->sent_at, y->sent_at);

	order = order ? order : y->ingress - x->ingress;
	order = order ? order : text_compare(x->tie, y->tie);
	order = order ? order : text_compare(x->from, y->from);
	order = order ? order : text_compare(x->to, y->to);
	order = order ? order : text_compare(x->id, y->id);
	order = order ? order : compare_usec(x->key, y->key);
	return order ? order : x->n - y->n;
}

int sequence_compare_device(const struct sequence_state *a, const struct sequence_state *b)
{
	int order = (int)a->leg - (int)b->leg;

	order = order ? order : text_compare(a->party, b->party);
	order = order ? order : text_compare(a->resource, b->resource);
	return order ? order : text_compare(a->to, b->to);
}

bool sequence_same_device(const struct sequence_state *a, const struct sequence_state *b)
{
	return sequence_compare_device(a, b) == 0;
}

static int by_device(const void *a, const void *b)
{
	const struct sequence_state *x = a, *y = b;
	int order = sequence_compare_device(x, y);

	order = order ? order : compare_usec(x->at, y->at);
	order = order ? order : y->ingress - x->ingress;
	order = order ? order : y->content - x->content;
	order = order ? order : text_compare(x->tie, y->tie);
	order = order ? order : (int)x->state - (int)y->state;
	order = order ? order : text_compare(x->own_id, y->own_id);
	return order ? order : compare_usec(x->position, y->position);
}

void scene_sort(struct scene *scene)
{
	if (scene->row_count)
		qsort(scene->rows, scene->row_count, sizeof(*scene->rows), by_time);
	if (scene->state_count)
		qsort(scene->states, scene->state_count, sizeof(*scene->states), by_device);
}

struct text sequence_device(const struct sequence_state *state, struct arena *arena)
{
	if (!state->resource.p)
		return state->party;
	return arena_printf(arena, "%.*s/%.*s", (int)state->party.n, state->party.p,
			    (int)state->resource.n, state->resource.p);
}

// --- inferred reading (I) ---

// What one party shows of being there, in time.
struct signals {
	usec_t *at;
	const struct sequence_row **row; // NULL: a chat state
	size_t count;
};

static int signal_order(const void *a, const void *b)
{
	return compare_usec(*(const usec_t *)a, *(const usec_t *)b);
}

// I1: standalone, and not inactive or gone. A late copy of what was sent before is no new sign.
static bool shows_presence(const struct sequence_state *state)
{
	return state->fresh && !state->content &&
	       (state->state == STATE_ACTIVE || state->state == STATE_COMPOSING ||
		state->state == STATE_PAUSED);
}

static struct signals states_of(const struct scene *scene, struct text party, struct text to)
{
	struct signals list = {xcalloc(scene->state_count + 1, sizeof(usec_t)), NULL, 0};

	for (size_t i = 0; i < scene->state_count; i++) {
		const struct sequence_state *state = &scene->states[i];
		if (shows_presence(state) && text_same(state->party, party) &&
		    text_same(state->to, to))
			list.at[list.count++] = state->at;
	}
	qsort(list.at, list.count, sizeof(*list.at), signal_order);
	return list;
}

static struct signals content_of(const struct scene *scene, struct text party, struct text to)
{
	struct signals list = {xcalloc(scene->row_count + 1, sizeof(usec_t)),
			       xcalloc(scene->row_count + 1, sizeof(void *)), 0};

	for (size_t i = 0; i < scene->row_count; i++) {
		const struct sequence_row *row = &scene->rows[i];
		if (row->class_ == CLASS_GROUP || !text_same(row->from, party) ||
		    !text_same(row->to, to))
			continue;
		list.at[list.count] = row->sent_at;
		list.row[list.count++] = row;
	}
	return list;
}

static void signals_free(struct signals *list)
{
	free(list->at);
	free(list->row);
}

// The first one at "from" or later, that is not this row itself; USEC_NONE when later than "until".
static usec_t first_signal(const struct signals *list, usec_t from, usec_t until,
			   const struct sequence_row *itself)
{
	size_t lo = 0, hi = list->count;

	while (lo < hi) {
		size_t middle = lo + (hi - lo) / 2;
		if (list->at[middle] < from)
			lo = middle + 1;
		else
			hi = middle;
	}
	if (lo < list->count && list->row && list->row[lo] == itself)
		lo++;
	return lo < list->count && list->at[lo] <= until ? list->at[lo] : USEC_NONE;
}

// I4: called in the order of the rule, so that a later one must be earlier to win.
static void offer(struct sequence_row *row, usec_t at, enum via via)
{
	if (at == USEC_NONE || (row->read_via != VIA_NONE && at >= row->read_inferred_at))
		return;
	row->read_inferred_at = at;
	row->read_via = via;
}

static void infer(struct sequence_row *row, usec_t mds, const struct signals *states,
		  const struct signals *content, usec_t t_infer)
{
	offer(row, mds, VIA_MDS);
	offer(row, row->reaction_at, VIA_REACTION);
	offer(row, row->reply_at, VIA_REPLY);
	if (row->delivered_at == USEC_NONE)
		return;
	usec_t until = row->sent_at + t_infer;
	offer(row, first_signal(states, row->delivered_at, until, row), VIA_STATE);
	offer(row, first_signal(content, row->delivered_at, until, row), VIA_CONTENT);
}

// I3: the least mds_at of a row and of those that follow it within w_upto. Rows come from the last to
// the first; a later row that is not better than an earlier one can never win again.
struct upto {
	const struct sequence_row **rows;
	size_t first, end; // rows[first..end), the newest first, mds_at rising
};

static usec_t upto_step(struct upto *upto, const struct sequence_row *row, usec_t w_upto)
{
	while (upto->first < upto->end && upto->rows[upto->first]->sent_at - row->sent_at > w_upto)
		upto->first++;
	if (row->mds_at != USEC_NONE) {
		while (upto->end > upto->first && upto->rows[upto->end - 1]->mds_at >= row->mds_at)
			upto->end--;
		upto->rows[upto->end++] = row;
	}
	return upto->first < upto->end ? upto->rows[upto->first]->mds_at : USEC_NONE;
}

// Equal times are included (as P8): rows of one instant see each other's marks.
static void read_from(struct scene *scene, struct text from, struct text to)
{
	struct signals states = states_of(scene, to, from), content = content_of(scene, to, from);
	struct upto upto = {xcalloc(scene->row_count + 1, sizeof(void *)), 0, 0};

	for (size_t end = scene->row_count; end > 0;) {
		size_t start = end - 1;
		usec_t mds = USEC_NONE;
		while (start > 0 && scene->rows[start - 1].sent_at == scene->rows[end - 1].sent_at)
			start--;
		for (size_t i = start; i < end; i++)
			if (text_same(scene->rows[i].from, from))
				mds = upto_step(&upto, &scene->rows[i], scene->rules->w_upto);
		for (size_t i = start; i < end; i++) {
			struct sequence_row *row = &scene->rows[i];
			if (row->displayed_at == USEC_NONE && text_same(row->from, from))
				infer(row, mds, &states, &content, scene->rules->t_infer);
		}
		end = start;
	}
	free(upto.rows);
	signals_free(&states);
	signals_free(&content);
}

void sequence_read(struct scene *scene)
{
	const struct sequence_row *one = NULL, *other = NULL;

	for (size_t i = 0; i < scene->row_count; i++) {
		struct sequence_row *row = &scene->rows[i];
		row->read_inferred_at = USEC_NONE;
		row->read_via = VIA_NONE;
		if (row->class_ == CLASS_GROUP) // a room is no reader
			continue;
		one = one ? one : row;
		if (!other && !text_same(row->from, one->from))
			other = row;
	}
	if (one)
		read_from(scene, one->from, one->to);
	if (other)
		read_from(scene, other->from, other->to);
}

// --- response (F6) ---

void sequence_response(struct scene *scene)
{
	struct sequence_row *run = NULL; // the first row of the run

	for (size_t i = 0; i < scene->row_count; i++) {
		struct sequence_row *row = &scene->rows[i];
		row->response_ms = -1;
		if (row->class_ != CLASS_CHAT && row->class_ != CLASS_PM)
			continue;
		if (run && text_same(run->from, row->from))
			continue;
		if (run && row->sent_at - run->sent_at <= scene->rules->t_infer)
			run->response_ms = (row->sent_at - run->sent_at) / 1000;
		run = row;
	}
}
