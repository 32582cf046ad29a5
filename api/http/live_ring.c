// SPDX-License-Identifier: Apache-2.0
// Events that wait to be sent, once for all who asked the same. A ring is bounded: who is too slow for it, or
// comes back too late, is told so.
#include "api/http/live_parts.h"

#include <stdlib.h>

// ---- frames

void frame_text(struct buf *out, const char *event, int64_t id, struct text data)
{
	buf_printf(out, "event: %s\n", event);
	if (id >= 0)
		buf_printf(out, "id: %lld\n", (long long)id);
	buf_zstr(out, "data: ");
	buf_text(out, data); // JSON on one line
	buf_zstr(out, "\n\n");
}

struct frame *frame_new(const char *event, int64_t id, int64_t rows, struct text data)
{
	struct buf text = {0};
	frame_text(&text, event, id, data);
	struct frame *frame = xcalloc(1, sizeof *frame + text.len);
	*frame = (struct frame){.refs = 1, .id = id, .rows = rows, .n = text.len};
	memcpy(frame->bytes, text.data, text.len);
	buf_free(&text);
	return frame;
}

void frame_drop(struct frame *frame)
{
	if (frame && --frame->refs == 0)
		free(frame);
}

// ---- questions

struct question *question_find(struct live *live, struct text key)
{
	for (struct question *q = live->questions; q; q = q->next) {
		if (text_same(q->key, key))
			return q;
	}
	return NULL;
}

static void keep_texts(struct live_query *query, struct arena *arena)
{
	struct message_filter *filter = &query->filter;
	struct text *texts[] = {&filter->participant, &filter->peer,    &filter->from,
				&filter->to,          &filter->id,      &filter->domain,
				&query->from_domain,  &query->to_domain};
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		*texts[i] = arena_text(arena, *texts[i]);
}

struct question *question_add(struct live *live, const struct live_ask *ask, int64_t since)
{
	struct question *question = xcalloc(1, sizeof *question);
	question->arena = arena_new();
	question->key = arena_text(question->arena, ask->key);
	question->query = ask->query;
	question->since = question->done = since;
	keep_texts(&question->query, question->arena);
	question->next = live->questions;
	live->questions = question;
	live->question_count++;
	return question;
}

static void drop_first(struct question *question)
{
	struct frame *frame = question->frames[question->first++ % RING_FRAMES];
	question->since = frame->id > question->since ? frame->id : question->since;
	question->bytes -= frame->n;
	frame_drop(frame);
}

void question_publish(struct question *question, struct frame *frame)
{
	bool newest_only = question->query.view == LIVE_FUNNEL;
	while (question->first < question->last &&
	       (newest_only || question->last - question->first == RING_FRAMES ||
		question->bytes + frame->n > RING_BYTES))
		drop_first(question);
	question->frames[question->last++ % RING_FRAMES] = frame;
	question->bytes += frame->n;
}

bool question_place(const struct question *question, int64_t after, uint64_t *place)
{
	if (after < question->since || after > question->done)
		return false;
	*place = question->first;
	while (*place < question->last && question->frames[*place % RING_FRAMES]->id <= after)
		++*place;
	return true;
}

void question_leave(struct question *question, usec_t now)
{
	if (question && --question->clients == 0)
		question->left_at = now;
}

void question_free(struct question *question)
{
	while (question->first < question->last)
		drop_first(question);
	arena_free(question->arena);
	free(question);
}

void questions_sweep(struct live *live, usec_t now)
{
	struct question **at = &live->questions;
	while (*at) {
		struct question *question = *at;
		if (question->clients > 0 ||
		    now - question->left_at < LINGER_SECONDS * USEC_PER_SEC) {
			at = &question->next;
			continue;
		}
		*at = question->next;
		live->question_count--;
		question_free(question);
	}
}
