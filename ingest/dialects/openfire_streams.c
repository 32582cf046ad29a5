// SPDX-License-Identifier: Apache-2.0
#include "ingest/dialects/openfire_streams.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	STREAMS_LIMIT = 100000, // more than that: the longest silent ones are forgotten
	SWEEP_EVERY = 4096,
	DOMAINS_LIMIT = 256
};

char *text_copy(struct text text)
{
	if (!text.p)
		return NULL;
	char *out = xcalloc(text.n + 1, 1);
	if (text.n)
		memcpy(out, text.p, text.n);
	return out;
}

static void set(char **to, struct text text)
{
	char *fresh = text_copy(text);
	free(*to);
	*to = fresh;
}

static struct stream **place(struct audit_streams *streams, struct text id)
{
	uint32_t hash = 2166136261U;
	for (size_t i = 0; i < id.n; i++)
		hash = (hash ^ (unsigned char)id.p[i]) * 16777619U;
	struct stream **at = &streams->buckets[hash % STREAM_BUCKETS];
	while (*at && !text_is(id, (*at)->id))
		at = &(*at)->next;
	return at;
}

struct stream *stream_find(struct audit_streams *streams, struct text id)
{
	return *place(streams, id);
}

static void drop_hypotheses(struct stream *stream)
{
	char **all[] = {&stream->sender, &stream->receiver, &stream->to_domain,
			&stream->from_domain, &stream->own};
	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		free(*all[i]);
		*all[i] = NULL;
	}
}

static void stream_free(struct stream *stream)
{
	drop_hypotheses(stream);
	free(stream->jid);
	free(stream->id);
	free(stream);
}

struct audit_streams *audit_streams_new(const struct dialect_sink *sink,
					const struct string_list *hosts)
{
	struct audit_streams *streams = xcalloc(1, sizeof *streams);
	streams->sink = sink;
	for (size_t i = 0; hosts && i < hosts->count; i++)
		string_list_add(&streams->hosts, text_of(hosts->items[i]));
	return streams;
}

void audit_streams_free(struct audit_streams *streams)
{
	for (size_t i = 0; i < STREAM_BUCKETS; i++)
		while (streams->buckets[i]) {
			struct stream *stream = streams->buckets[i];
			streams->buckets[i] = stream->next;
			stream_free(stream);
		}
	string_list_free(&streams->hosts);
	string_list_free(&streams->foreign);
	free(streams);
}

// What is remembered of a stream: "jid/resource", "@account", "domain", or for one that is not
// decided "?", whether a client asked for a resource, and its hypotheses, a line each: empty when it is gone ("="
// alone is one, of an address that names no domain).
static void describe(const struct stream *stream, struct buf *out)
{
	const char *const hypotheses[] = {stream->sender, stream->receiver, stream->to_domain,
					  stream->from_domain, stream->own};
	if (stream->state != STREAM_OPEN) {
		buf_printf(out, "%s%s", stream->state == STREAM_ACCOUNT ? "@" : "", stream->jid);
		return;
	}
	buf_printf(out, "?%d%d", stream->bind, stream->begun);
	for (size_t i = 0; i < sizeof hypotheses / sizeof *hypotheses; i++)
		buf_printf(out, "\n%s%s", hypotheses[i] ? "=" : "",
			   hypotheses[i] ? hypotheses[i] : "");
}

static void tell(struct audit_streams *streams, const struct stream *stream, bool known)
{
	struct buf key = {0}, value = {0};
	buf_printf(&key, "s:%s", stream->id);
	if (known)
		describe(stream, &value);
	streams->sink->remember(streams->sink->self, buf_view(&key),
				known ? buf_view(&value) : TEXT_NONE);
	buf_free(&key);
	buf_free(&value);
}

void stream_remember(struct audit_streams *streams, const struct stream *stream)
{
	tell(streams, stream, true);
}

// A note to self of which the second copy may follow, after a restart too: "n:..." -> hash and time.
void stream_remember_note(struct audit_streams *streams, const struct stream *stream)
{
	struct buf key = {0}, value = {0};
	buf_printf(&key, "n:%s", stream->id);
	if (stream->self_hash)
		buf_printf(&value, "%" PRIx64 " %lld", stream->self_hash,
			   (long long)stream->self_at);
	streams->sink->remember(streams->sink->self, buf_view(&key),
				stream->self_hash ? buf_view(&value) : TEXT_NONE);
	buf_free(&key);
	buf_free(&value);
}

// How long a stream that says nothing is kept.
static usec_t patience(const struct stream *stream)
{
	if (stream->leaving)
		return SECONDS(3600);
	return SECONDS(stream->state == STREAM_OPEN ? 86400 : 14 * 86400);
}

static void sweep(struct audit_streams *streams, usec_t now, int share)
{
	for (size_t i = 0; i < STREAM_BUCKETS; i++)
		for (struct stream **at = &streams->buckets[i]; *at;) {
			struct stream *stream = *at;
			if (now - stream->seen <= patience(stream) / share) {
				at = &stream->next;
				continue;
			}
			*at = stream->next;
			tell(streams, stream, false);
			if (stream->self_hash) {
				stream->self_hash = 0;
				stream_remember_note(streams, stream);
			}
			stream_free(stream);
			streams->count--;
		}
}

struct stream *stream_of(struct audit_streams *streams, struct text id, usec_t now)
{
	struct stream **at = place(streams, id);
	if (*at) {
		if (now > (*at)->seen)
			(*at)->seen = now;
		return *at;
	}
	if (++streams->since_sweep >= SWEEP_EVERY) {
		streams->since_sweep = 0;
		for (int share = 1; share <= 1024; share *= 4) {
			sweep(streams, now, share);
			if (streams->count < STREAMS_LIMIT)
				break;
		}
		at = place(streams, id);
	}
	struct stream *stream = xcalloc(1, sizeof *stream);
	stream->id = text_copy(id);
	stream->seen = now;
	*at = stream;
	streams->count++;
	return stream;
}

bool stream_is_host(const struct audit_streams *streams, struct text domain)
{
	return string_list_has(&streams->hosts, domain);
}

static void add_domain(struct audit_streams *streams, enum stream_state state, struct text jid)
{
	struct string_list *list = state == STREAM_FOREIGN ? &streams->foreign : &streams->hosts;
	struct text domain = jid_domain_of(jid);
	if (list->count < DOMAINS_LIMIT && !string_list_has(list, domain))
		string_list_add(list, domain);
}

void stream_add_host(struct audit_streams *streams, struct text domain)
{
	if (!domain.n || stream_is_host(streams, domain) || streams->hosts.count >= DOMAINS_LIMIT)
		return;
	struct buf key = {0};
	string_list_add(&streams->hosts, domain);
	buf_zstr(&key, "h:");
	buf_text(&key, domain);
	streams->sink->remember(streams->sink->self, buf_view(&key), TEXT("1"));
	buf_free(&key);
}

void audit_streams_save(struct audit_streams *streams, uint64_t low)
{
	struct buf text = {0};
	if (!streams->sightings.changed && streams->sightings.saved_low == low)
		return;
	sightings_save(&streams->sightings, low, &text);
	streams->sink->remember(streams->sink->self, TEXT("copies"), buf_view(&text));
	buf_free(&text);
}

void stream_decide(struct audit_streams *streams, struct stream *stream, enum stream_state state,
		   struct text jid)
{
	bool same = stream->state == state && stream->jid && text_is(jid, stream->jid);
	drop_hypotheses(stream);
	stream->state = state;
	if (same)
		return;
	set(&stream->jid, jid);
	add_domain(streams, state, jid);
	stream_remember(streams, stream);
}

static struct text next_line(struct text *text)
{
	const char *end = text->n ? memchr(text->p, '\n', text->n) : NULL;
	struct text line = {text->p, end ? (size_t)(end - text->p) : text->n};
	size_t used = line.n + (end ? 1 : 0);
	*text = (struct text){text->p + used, text->n - used};
	return line;
}

static void recall_open(struct stream *stream, struct text value)
{
	char **const all[] = {&stream->sender, &stream->receiver, &stream->to_domain,
			      &stream->from_domain, &stream->own};
	struct text flags = next_line(&value);
	stream->bind = flags.n > 1 && flags.p[1] == '1';
	stream->begun = flags.n > 2 && flags.p[2] == '1';
	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		struct text line = next_line(&value);
		if (line.n)
			set(all[i], (struct text){line.p + 1, line.n - 1});
	}
}

static struct stream *recalled(struct audit_streams *streams, struct text id)
{
	struct stream **at = place(streams, id);
	if (!*at) {
		*at = xcalloc(1, sizeof **at);
		(*at)->id = text_copy(id);
		streams->count++;
	}
	return *at;
}

static void recall_note(struct stream *stream, struct text value)
{
	char text[48];
	long long at;
	if (value.n >= sizeof text)
		return;
	memcpy(text, value.p, value.n);
	text[value.n] = 0;
	if (sscanf(text, "%" SCNx64 " %lld", &stream->self_hash, &at) == 2)
		stream->self_at = at;
}

void audit_streams_recall(struct audit_streams *streams, struct text key, struct text value)
{
	if (text_is(key, "copies"))
		sightings_load(&streams->sightings, value);
	if (text_starts(key, "h:") && !stream_is_host(streams, (struct text){key.p + 2, key.n - 2}))
		string_list_add(&streams->hosts, (struct text){key.p + 2, key.n - 2});
	bool note = text_starts(key, "n:");
	if ((!note && !text_starts(key, "s:")) || !value.n)
		return;
	struct stream *stream = recalled(streams, (struct text){key.p + 2, key.n - 2});
	if (note) {
		recall_note(stream, value);
		return;
	}
	if (value.p[0] == '?') {
		recall_open(stream, value);
		return;
	}
	bool account = value.p[0] == '@';
	struct text jid = {value.p + account, value.n - account};
	set(&stream->jid, jid);
	stream->state = account              ? STREAM_ACCOUNT
			: jid_is_full(value) ? STREAM_USER
					     : STREAM_FOREIGN;
	add_domain(streams, stream->state, jid);
}
