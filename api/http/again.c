// SPDX-License-Identifier: Apache-2.0
#include "api/http/again.h"

#include "core/keyed.h"

#include <pthread.h>
#include <stdlib.h>

enum { SLOTS = 64, LARGEST = 256 * 1024 }; // 16 MB at most

struct kept {
	usec_t until;         // monotonic; 0 = empty
	struct text question; // in the arena, as all that follows
	struct text name;
	struct reply reply; // its body is fixed
	struct arena *arena;
};

struct again {
	pthread_mutex_t lock;
	struct hash_key key;
	struct kept slots[SLOTS];
};

struct again *again_new(void)
{
	struct again *again = xcalloc(1, sizeof *again);
	pthread_mutex_init(&again->lock, NULL);
	hash_key_random(&again->key);
	return again;
}

void again_free(struct again *again)
{
	if (!again)
		return;
	for (size_t i = 0; i < SLOTS; i++)
		arena_free(again->slots[i].arena);
	pthread_mutex_destroy(&again->lock);
	free(again);
}

// A question has one slot; of two that want the same one the newer stays.
static struct kept *slot_of(struct again *again, struct text question)
{
	return &again->slots[(uint64_t)KEYED(&again->key, question) % SLOTS];
}

static void copy_reply(const struct reply *from, struct text body, struct reply *to)
{
	to->status = from->status;
	to->type = from->type;
	for (size_t i = 0; i < from->header_count; i++)
		reply_header(to, from->headers[i].name, text_of(from->headers[i].value));
	buf_text(&to->body, body);
}

bool again_find(struct again *again, struct text question, struct reply *reply, struct text *name)
{
	pthread_mutex_lock(&again->lock);
	struct kept *kept = slot_of(again, question);
	bool found = kept->until > usec_monotonic() && text_same(kept->question, question);
	if (found) {
		copy_reply(&kept->reply, kept->reply.fixed, reply);
		*name = arena_text(reply->arena, kept->name);
	}
	pthread_mutex_unlock(&again->lock);
	return found;
}

void again_keep(struct again *again, struct text question, const struct reply *reply,
		struct text name)
{
	if (reply->fixed.p || reply->producer.run || reply->body.len > LARGEST)
		return;
	struct kept made = {.arena = arena_new()};
	made.until = usec_monotonic() + AGAIN_MS * (USEC_PER_SEC / 1000);
	made.question = arena_text(made.arena, question);
	made.name = arena_text(made.arena, name);
	reply_begin(&made.reply, made.arena);
	copy_reply(reply, TEXT(""), &made.reply);
	reply_free(&made.reply);
	made.reply.fixed = arena_text(made.arena, buf_view(&reply->body));
	pthread_mutex_lock(&again->lock);
	struct kept *kept = slot_of(again, question);
	struct arena *old = kept->arena;
	*kept = made;
	pthread_mutex_unlock(&again->lock);
	arena_free(old);
}
