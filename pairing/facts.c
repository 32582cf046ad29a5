// SPDX-License-Identifier: Apache-2.0
// The byte form of incarnations that do not fit the plain columns of a row. Version 1: each integer
// big-endian, each text as a 32-bit length (0xffffffff = absent) and its bytes.
#include "pairing/facts.h"

enum { FACTS_VERSION = 2 };
#define ABSENT UINT32_MAX

struct reader {
	const unsigned char *at;
	size_t left;
	bool bad;
	struct arena *arena;
};

static void put_text(struct buf *out, struct text text)
{
	buf_be32(out, text.p ? (uint32_t)text.n : ABSENT);
	if (text.p)
		buf_text(out, text);
}

static void put_stamps(struct buf *out, const struct incarnation *inc)
{
	buf_be32(out, (uint32_t)inc->stamp_count);
	for (size_t i = 0; i < inc->stamp_count; i++) {
		buf_be64(out, (uint64_t)inc->stamps[i].stamp);
		buf_be64(out, (uint64_t)inc->stamps[i].ingress_at);
		buf_be64(out, (uint64_t)inc->stamps[i].egress_at);
		buf_char(out, (char)(inc->stamps[i].storable | inc->stamps[i].asks_offline << 1));
	}
}

static void put_ingress(struct buf *out, const struct incarnation *inc)
{
	buf_be32(out, (uint32_t)inc->ingress_count);
	for (size_t i = 0; i < inc->ingress_count; i++) {
		buf_be32(out, (uint32_t)inc->ingress[i].source);
		buf_char(out, (char)inc->ingress[i].dir);
		buf_be32(out, (uint32_t)inc->ingress[i].lines);
	}
}

static void put_copies(struct buf *out, const struct incarnation *inc)
{
	buf_be32(out, (uint32_t)inc->copy_count);
	for (size_t i = 0; i < inc->copy_count; i++) {
		buf_be64(out, (uint64_t)inc->copies[i].device);
		buf_char(out, (char)inc->copies[i].kinds);
		buf_be64(out, (uint64_t)inc->copies[i].first);
	}
}

static void put_ids(struct buf *out, const struct text *ids, size_t count)
{
	buf_be32(out, (uint32_t)count);
	for (size_t i = 0; i < count; i++)
		put_text(out, ids[i]);
}

static void put_incarnation(struct buf *out, const struct incarnation *inc)
{
	const usec_t times[] = {inc->first,     inc->last,      inc->seen_at, inc->seen_pos,
				inc->egress_at, inc->routed_at, inc->from_at, inc->text_at};

	buf_be64(out, (uint64_t)inc->digest);
	buf_char(out, (char)inc->leg);
	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++)
		buf_be64(out, (uint64_t)times[i]);
	buf_char(out, (char)inc->type);
	buf_be32(out, inc->flags);
	buf_be64(out, (uint64_t)inc->thread);
	buf_be32(out, (uint32_t)inc->body_bytes);
	put_text(out, inc->nick);
	put_text(out, inc->from_resource);
	put_text(out, inc->from_account);
	put_text(out, inc->corrects);
	put_stamps(out, inc);
	put_ingress(out, inc);
	put_copies(out, inc);
	put_ids(out, inc->stanza_ids, inc->stanza_id_count);
	put_ids(out, inc->origin_ids, inc->origin_count);
	buf_be32(out, (uint32_t)inc->digest_count);
	for (size_t i = 0; i < inc->digest_count; i++)
		buf_be64(out, (uint64_t)inc->digests[i]);
}

void incarnations_encode(struct buf *out, const struct incarnation *list, size_t count)
{
	buf_char(out, FACTS_VERSION);
	buf_be32(out, (uint32_t)count);
	for (size_t i = 0; i < count; i++)
		put_incarnation(out, &list[i]);
}

static uint64_t get_bytes(struct reader *in, size_t size)
{
	uint64_t value = 0;

	if (in->left < size) {
		in->bad = true;
		in->left = 0;
		return 0;
	}
	for (size_t i = 0; i < size; i++)
		value = value << 8 | in->at[i];
	in->at += size;
	in->left -= size;
	return value;
}

static struct text get_text(struct reader *in)
{
	uint32_t size = (uint32_t)get_bytes(in, 4);

	if (in->bad || size == ABSENT)
		return TEXT_NONE;
	if (size > in->left) {
		in->bad = true;
		return TEXT_NONE;
	}
	struct text text = arena_text(in->arena, (struct text){(const char *)in->at, size});
	in->at += size;
	in->left -= size;
	return text;
}

// A count of things that take at least one byte each: more than what is left is damage.
static size_t get_count(struct reader *in)
{
	uint32_t count = (uint32_t)get_bytes(in, 4);

	if (count > in->left)
		in->bad = true;
	return in->bad ? 0 : count;
}

static void get_stamps(struct reader *in, struct incarnation *inc)
{
	inc->stamp_count = get_count(in);
	inc->stamps = arena_alloc(in->arena, (inc->stamp_count + 1) * sizeof(*inc->stamps));
	for (size_t i = 0; i < inc->stamp_count; i++) {
		inc->stamps[i].stamp = (usec_t)get_bytes(in, 8);
		inc->stamps[i].ingress_at = (usec_t)get_bytes(in, 8);
		inc->stamps[i].egress_at = (usec_t)get_bytes(in, 8);
		uint64_t bits = get_bytes(in, 1);
		inc->stamps[i].storable = bits & 1;
		inc->stamps[i].asks_offline = bits & 2;
	}
}

static void get_ingress(struct reader *in, struct incarnation *inc)
{
	inc->ingress_count = get_count(in);
	inc->ingress = arena_alloc(in->arena, (inc->ingress_count + 1) * sizeof(*inc->ingress));
	for (size_t i = 0; i < inc->ingress_count; i++) {
		inc->ingress[i].source = (int32_t)get_bytes(in, 4);
		inc->ingress[i].dir = (enum direction)(get_bytes(in, 1) % DIR_COUNT);
		inc->ingress[i].lines = (int32_t)get_bytes(in, 4);
	}
}

static void get_copies(struct reader *in, struct incarnation *inc)
{
	inc->copy_count = get_count(in);
	inc->copies = arena_alloc(in->arena, (inc->copy_count + 1) * sizeof(*inc->copies));
	for (size_t i = 0; i < inc->copy_count; i++) {
		inc->copies[i].device = (int64_t)get_bytes(in, 8);
		inc->copies[i].kinds = (unsigned)get_bytes(in, 1);
		inc->copies[i].first = (usec_t)get_bytes(in, 8);
	}
}

static struct text *get_ids(struct reader *in, size_t *count)
{
	*count = get_count(in);
	struct text *ids = arena_alloc(in->arena, (*count + 1) * sizeof(*ids));
	for (size_t i = 0; i < *count; i++)
		ids[i] = get_text(in);
	return ids;
}

static void get_incarnation(struct reader *in, struct incarnation *inc)
{
	inc->digest = (int64_t)get_bytes(in, 8);
	inc->leg = (enum leg)(get_bytes(in, 1) % 3);
	usec_t *const times[] = {&inc->first,     &inc->last,      &inc->seen_at, &inc->seen_pos,
				 &inc->egress_at, &inc->routed_at, &inc->from_at, &inc->text_at};
	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++)
		*times[i] = (usec_t)get_bytes(in, 8);
	inc->type = (enum message_type)(get_bytes(in, 1) % (TYPE_ERROR + 1));
	inc->flags = (unsigned)get_bytes(in, 4);
	inc->thread = (int64_t)get_bytes(in, 8);
	inc->body_bytes = (int32_t)get_bytes(in, 4);
	inc->nick = get_text(in);
	inc->from_resource = get_text(in);
	inc->from_account = get_text(in);
	inc->corrects = get_text(in);
	get_stamps(in, inc);
	get_ingress(in, inc);
	get_copies(in, inc);
	inc->stanza_ids = get_ids(in, &inc->stanza_id_count);
	inc->origin_ids = get_ids(in, &inc->origin_count);
	inc->digest_count = get_count(in);
	inc->digests = arena_alloc(in->arena, (inc->digest_count + 1) * sizeof(int64_t));
	for (size_t i = 0; i < inc->digest_count; i++)
		inc->digests[i] = (int64_t)get_bytes(in, 8);
}

bool incarnations_decode(struct text in, struct arena *arena, struct incarnation **list,
			 size_t *count)
{
	struct reader reader = {(const unsigned char *)in.p, in.n, false, arena};

	if (get_bytes(&reader, 1) != FACTS_VERSION)
		return false;
	size_t many = get_count(&reader);
	struct incarnation *items = arena_alloc(arena, (many + 1) * sizeof(*items));
	for (size_t i = 0; i < many; i++)
		get_incarnation(&reader, &items[i]);
	if (reader.bad || reader.left)
		return false;
	*list = items;
	*count = many;
	return true;
}
