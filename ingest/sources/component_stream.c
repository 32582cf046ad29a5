// SPDX-License-Identifier: Apache-2.0
#include "ingest/sources/component_stream.h"

#include "core/buf.h"
#include "ingest/markup.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	HEADER_MAX = 16 << 10,
	TAG_KEPT = 1 << 10 // of a tag that is passed over: its name, or how a CDATA section begins
};

struct component_stream {
	void *self;
	void (*event)(void *self, const struct component_event *event);
	size_t most;
	struct arena *arena;
	struct buf pending;   // begins with the element that is being read
	struct markup markup; // how far it was looked at
	uint32_t deepest;
	struct buf head;    // skipping: the first bytes of what is passed over
	bool skipping;      // the element is above the limit
	bool opened, ended; // the header was read; nothing more is expected
};

struct component_stream *component_stream_new(size_t most, void *self,
					      void (*event)(void *self,
							    const struct component_event *event))
{
	struct component_stream *stream = xcalloc(1, sizeof *stream);
	stream->most = most ? most : COMPONENT_STANZA_MAX;
	stream->self = self;
	stream->event = event;
	stream->arena = arena_new();
	return stream;
}

void component_stream_free(struct component_stream *stream)
{
	if (!stream)
		return;
	buf_free(&stream->pending);
	buf_free(&stream->head);
	arena_free(stream->arena);
	free(stream);
}

static void tell(struct component_stream *stream, enum component_event_kind kind, struct text text,
		 struct text detail)
{
	stream->event(stream->self, &(struct component_event){kind, text, detail});
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool is_blank(struct text text)
{
	size_t i = 0;
	while (i < text.n && is_space(text.p[i]))
		i++;
	return i == text.n;
}

// --- the header ---

static struct text local_name(struct text tag)
{
	struct text name = tag_name(tag), local = text_after(name, ":");
	return local.p ? local : name;
}

static const char *open_stream(struct component_stream *stream, struct text tag)
{
	struct text ns = tag_attr(tag, "xmlns");
	if (!text_is(local_name(tag), "stream"))
		return "not an XMPP stream";
	if (ns.p && !text_is(ns, "jabber:component:accept"))
		return "the port is none for components";
	stream->opened = true;
	tell(stream, COMPONENT_OPENED, tag_value(stream->arena, tag, "id"), TEXT_NONE);
	arena_reset(stream->arena);
	return NULL;
}

static const char *read_header(struct component_stream *stream, struct text rest, size_t *size)
{
	if (rest.p[0] != '<')
		return rest.p[0] == 0x15 ? "the port speaks TLS: set tls" : "not an XMPP stream";
	enum markup_step step = markup_next(&stream->markup, rest);
	if (step == MARKUP_MORE)
		return rest.n > HEADER_MAX ? "not an XMPP stream" : NULL;
	if (step != MARKUP_OPEN)
		return "not an XMPP stream";
	*size = stream->markup.pos;
	return open_stream(stream, markup_tag(&stream->markup, rest));
}

// --- elements ---

// Up to the next tag.
static struct text plain_text(struct text from)
{
	const char *end = from.n ? memchr(from.p, '<', from.n) : NULL;
	return (struct text){from.p, end ? (size_t)(end - from.p) : from.n};
}

// <stream:error><not-authorized xmlns='...'/><text>why</text></stream:error>; of jabberd 1 only text.
static void on_error(struct component_stream *stream, struct text xml)
{
	struct markup markup = {0};
	struct text condition = TEXT_NONE, detail = text_after(text_after(xml, "<text"), ">");
	markup_next(&markup, xml);
	while (!condition.p && markup.depth > 0) {
		enum markup_step step = markup_next(&markup, xml);
		struct text name = tag_name(markup_tag(&markup, xml));
		bool child = (step == MARKUP_OPEN && markup.depth == 2) ||
			     (step == MARKUP_EMPTY && markup.depth == 1);
		if (child && !text_is(name, "text"))
			condition = name;
	}
	if (!detail.p && !condition.p)
		detail = text_after(xml, ">");
	tell(stream, COMPONENT_ERROR, condition.p ? condition : TEXT("undefined-condition"),
	     plain_text(detail));
}

static bool is_stanza(struct text name)
{
	static const char *const names[] = {"message", "presence", "iq", "route"};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (text_is(name, names[i]))
			return true;
	return false;
}

static void on_element(struct component_stream *stream, struct text xml)
{
	struct text tag = markup_first(xml), name = tag_name(tag);
	if (is_stanza(name))
		tell(stream, COMPONENT_STANZA, xml, TEXT_NONE);
	else if (text_is(name, "handshake"))
		tell(stream, COMPONENT_ACCEPTED, TEXT_NONE, TEXT_NONE);
	else if (text_is(local_name(tag), "error"))
		on_error(stream, xml);
	else
		tell(stream, COMPONENT_OTHER, xml, TEXT_NONE);
}

// The same wherever it is asked: at the end of a stanza, or as soon as it is too long.
static struct text head_of(const struct component_stream *stream, struct text xml)
{
	size_t most = stream->most < COMPONENT_HEAD_MAX ? stream->most : COMPONENT_HEAD_MAX;
	return (struct text){xml.p, xml.n < most ? xml.n : most};
}

static void finish(struct component_stream *stream, struct text xml)
{
	if (stream->skipping)
		tell(stream, COMPONENT_UNREADABLE, buf_view(&stream->head),
		     TEXT("stanza longer than the limit"));
	else if (xml.n > stream->most)
		tell(stream, COMPONENT_UNREADABLE, head_of(stream, xml),
		     TEXT("stanza longer than the limit"));
	else if (stream->deepest > COMPONENT_DEPTH_MAX)
		tell(stream, COMPONENT_UNREADABLE, head_of(stream, xml), TEXT("nested too deeply"));
	else
		on_element(stream, xml);
	stream->skipping = false;
	stream->head.len = 0;
	stream->deepest = 0;
}

static enum markup_step next_tag(struct component_stream *stream, struct text rest)
{
	enum markup_step step = markup_next(&stream->markup, rest);
	if (stream->markup.depth > stream->deepest)
		stream->deepest = stream->markup.depth;
	return step;
}

static const char *read_element(struct component_stream *stream, struct text rest, size_t *size)
{
	bool begins = !stream->markup.in_tag && !stream->markup.pos && !stream->markup.depth;
	if (begins && rest.p[0] != '<')
		return "text between stanzas";
	if (begins && rest.n < 2)
		return NULL;
	if (begins && (rest.p[1] == '!' || rest.p[1] == '?'))
		return "markup that XMPP does not allow";
	if (begins && rest.p[1] == '/') {
		stream->ended = true;
		tell(stream, COMPONENT_CLOSED, TEXT_NONE, TEXT_NONE);
		return NULL;
	}
	enum markup_step step;
	do
		step = next_tag(stream, rest);
	while (step != MARKUP_MORE && step != MARKUP_BAD && stream->markup.depth > 0);
	if (step == MARKUP_MORE)
		return NULL;
	if (step == MARKUP_BAD)
		return "not well-formed";
	*size = stream->markup.pos;
	finish(stream, (struct text){rest.p, *size});
	return NULL;
}

// --- what is above the limit ---

static void erase(struct buf *buf, size_t from, size_t to)
{
	memmove(buf->data + from, buf->data + to, buf->len - to + 1);
	buf->len -= to - from;
}

// Forgets what was looked at, but for what the next step needs: of an unfinished tag (or comment, or CDATA
// section) the beginning and the last byte.
static void forget(struct component_stream *stream)
{
	struct markup *markup = &stream->markup;
	size_t cut = markup->in_tag ? markup->tag : markup->pos;
	buf_drop(&stream->pending, cut);
	markup->pos -= cut;
	markup->tag = 0;
	if (!markup->in_tag || markup->pos <= TAG_KEPT + 1)
		return;
	erase(&stream->pending, TAG_KEPT, markup->pos - 1);
	markup->pos = TAG_KEPT + 1;
}

static void bound(struct component_stream *stream)
{
	if (!stream->skipping && stream->pending.len > stream->most) {
		stream->skipping = true;
		buf_text(&stream->head, head_of(stream, buf_view(&stream->pending)));
	}
	if (stream->skipping)
		forget(stream);
}

// --- bytes ---

static const char *read_one(struct component_stream *stream, struct text rest, size_t *size)
{
	const char *broken =
		stream->opened ? read_element(stream, rest, size) : read_header(stream, rest, size);
	if (*size)
		stream->markup = (struct markup){0};
	return broken;
}

static size_t skip_space(const struct component_stream *stream, size_t at)
{
	const struct buf *pending = &stream->pending;
	while (at < pending->len && is_space(pending->data[at]))
		at++;
	return at;
}

const char *component_stream_bytes(struct component_stream *stream, struct text bytes, bool *heard)
{
	const char *broken = NULL;
	size_t used = 0, size = 1;
	bool begins = !stream->pending.len;
	*heard = !begins || !is_blank(bytes);
	buf_text(&stream->pending, bytes);
	while (!broken && !stream->ended && size) {
		if (begins)
			used = skip_space(stream, used);
		if (used == stream->pending.len)
			break;
		size = 0;
		broken = read_one(
			stream,
			(struct text){stream->pending.data + used, stream->pending.len - used},
			&size);
		used += size;
		begins = true;
	}
	buf_drop(&stream->pending, used);
	if (broken)
		stream->ended = true;
	else if (!stream->ended && stream->opened)
		bound(stream);
	return broken;
}

bool component_handshake(struct text id, struct text secret, char out[COMPONENT_HANDSHAKE])
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned n = 0;
	EVP_MD_CTX *sha = EVP_MD_CTX_new();
	bool ok = sha && EVP_DigestInit_ex(sha, EVP_sha1(), NULL) == 1 &&
		  EVP_DigestUpdate(sha, id.p ? id.p : "", id.n) == 1 &&
		  EVP_DigestUpdate(sha, secret.p ? secret.p : "", secret.n) == 1 &&
		  EVP_DigestFinal_ex(sha, digest, &n) == 1 && n == 20;
	EVP_MD_CTX_free(sha);
	for (unsigned i = 0; ok && i < n; i++)
		snprintf(out + 2 * i, 3, "%02x", digest[i]);
	return ok;
}
