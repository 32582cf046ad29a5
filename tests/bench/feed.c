// SPDX-License-Identifier: Apache-2.0
// Records of the bench -> observations, as a dialect and the parser would give them. Cheap on
// purpose: reading logs is not part of the store stage.
#include "tests/bench/bench.h"

#include <stdio.h>
#include <stdlib.h>

enum { NAME = 64, ID = 24, BODY_MAX = 256, FIRST_USER = 1 };

struct user {
	char full[NAME];
	size_t n, bare;
};

struct feed {
	FILE *in;
	struct user *users;
	char id[ID], own[ID], body[BODY_MAX];
	struct stanza stanza;
	struct stanza_ref ref;
	struct stanza_delay delay;
	struct text digest;
	struct observation observation;
};

static uint64_t mix(uint64_t z)
{
	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

static void name_user(struct user *user, uint64_t number)
{
	static const char *const names[] = {"anneliese", "bo",    "carmen",    "dmitri",
					    "el",        "frode", "gwendolyn", "hiro"};
	static const char *const domains[] = {"chat.example.org", "im.example.net",
					      "jabber.example"};
	int bare = snprintf(user->full, NAME, "%s.%llu@%s", names[number % 8],
			    (unsigned long long)number, domains[number % 3]);
	int full = snprintf(user->full, NAME, "%s.%llu@%s/phone.%04llx", names[number % 8],
			    (unsigned long long)number, domains[number % 3],
			    (unsigned long long)(mix(number) & 0xffff));
	user->bare = (size_t)bare;
	user->n = (size_t)full;
}

struct feed *feed_open(const char *path)
{
	struct feed *feed = xcalloc(1, sizeof *feed);
	feed->in = fopen(path, "re");
	if (!feed->in)
		bench_fail(path, "cannot be read");
	feed->users = xcalloc(USERS, sizeof *feed->users);
	for (uint64_t i = 0; i < USERS; i++)
		name_user(&feed->users[i], i + FIRST_USER);
	return feed;
}

void feed_close(struct feed *feed)
{
	fclose(feed->in);
	free(feed->users);
	free(feed);
}

bool feed_next(struct feed *feed, struct event *event)
{
	return fread(event, sizeof *event, 1, feed->in) == 1;
}

static const struct user *party(const struct feed *feed, const struct event *event, bool first)
{
	uint64_t a = mix(event->pair * UINT64_C(0x9e3779b97f4a7c15) + 1) % USERS;
	uint64_t b = (a + 1 + mix(event->pair + UINT64_C(0x1234567)) % 400) % USERS;
	return &feed->users[first != (event->reversed != 0) ? a : b];
}

void feed_party(const struct feed *feed, const struct event *event, bool sender,
		struct text *account)
{
	const struct user *user = party(feed, event, sender);
	*account = (struct text){user->full, user->bare};
}

// 22 characters, as clients write 128 random bits in base 64.
static struct text make_id(char out[ID], uint64_t number, uint64_t kind)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	uint64_t a = mix((number * 4 + kind + 1) * UINT64_C(0x9e3779b97f4a7c15)), b = mix(a + 7);
	for (int i = 0; i < 11; i++, a >>= 5, b >>= 5) {
		out[i] = digits[a & 63];
		out[i + 11] = digits[b & 63];
	}
	return (struct text){out, 22};
}

struct text feed_id(struct feed *feed, const struct event *event)
{
	return make_id(feed->id, event->number, 0);
}

struct text feed_body(struct feed *feed, const struct event *event)
{
	static const char lorem[] =
		"the ferry leaves at nine if the wind allows and we meet at the old harbour "
		"with bread cheese and a map of the islands that somebody drew by hand long ago "
		"so please bring the red lamp and two dry blankets because nights are cold";
	uint64_t skip = mix(event->number) % 40;
	size_t length = event->length < sizeof lorem - 41 ? event->length : sizeof lorem - 41;
	memcpy(feed->body, lorem + skip, length);
	for (size_t i = 0; i < 6; i++) // no two alike
		feed->body[i] = (char)('a' + (event->number >> (4 * i)) % 16);
	return (struct text){feed->body, length};
}

static void fill_stanza(struct feed *feed, const struct event *event, const struct user *from,
			const struct user *to)
{
	struct text id = feed_id(feed, event);
	feed->stanza = (struct stanza){.kind = STANZA_MESSAGE,
				       .type = TYPE_CHAT,
				       .raw_type = TEXT("chat"),
				       .from = {from->full, from->n},
				       .to = {to->full, to->n},
				       .id = id};
	if (event->kind == EVENT_MESSAGE) {
		feed->stanza.has_body = feed->stanza.receipt_request = true;
		feed->stanza.markable = event->asks;
		feed->stanza.body = feed->digest = feed_body(feed, event);
		feed->stanza.digest_parts = &feed->digest;
		feed->stanza.digest_count = 1;
		return;
	}
	feed->ref = (struct stanza_ref){
		.kind = event->kind == EVENT_RECEIPT ? REF_RECEIPT : REF_MARK_DISPLAYED, .id = id};
	feed->stanza.id = make_id(feed->own, event->number, event->kind);
	feed->stanza.refs = &feed->ref;
	feed->stanza.ref_count = 1;
}

const struct observation *feed_observation(struct feed *feed, const struct event *event,
					   int32_t source, int32_t generation, uint64_t place)
{
	bool own = event->kind == EVENT_MESSAGE;
	const struct user *from = party(feed, event, own), *to = party(feed, event, !own);
	const struct user *at = event->egress ? to : from;

	fill_stanza(feed, event, from, to);
	if (event->egress && event->stamp != USEC_NONE) {
		const char *domain = memchr(to->full, '@', to->bare);
		size_t skip = (size_t)(domain - to->full) + 1;
		feed->delay =
			(struct stanza_delay){event->stamp, {to->full + skip, to->bare - skip}};
		feed->stanza.delays = &feed->delay;
		feed->stanza.delay_count = 1;
	}
	feed->observation =
		(struct observation){.at = event->at,
				     .source = source,
				     .feed = TEXT("log"),
				     .dir = event->egress ? DIR_OUT : DIR_IN,
				     .session = {at->full, at->n},
				     .raw = TEXT("<message/>"),
				     .stanza = &feed->stanza,
				     .position = position_pack((uint32_t)generation, place, 0)};
	return &feed->observation;
}
