// SPDX-License-Identifier: Apache-2.0
// Elements that the operator declared as private acknowledgements or as requests for them. Asked only
// for children of a stanza that mean nothing else, and only when something is declared.
#include "ingest/stanza.h"
#include "ingest/stanza_internal.h"

bool stanza_maybe_private(const struct realm_settings *rules, struct text xml)
{
	for (size_t i = 0; rules && xml.n && i < rules->ack_count; i++) {
		const struct private_ack *ack = &rules->acks[i];
		if (ack->on_iq && memmem(xml.p, xml.n, ack->ack.ns.p, ack->ack.ns.n))
			return true;
	}
	return false;
}

static bool is_declared(const struct private_path *path, const struct reader *reader)
{
	return path->name.p && reader->element_ns && text_is(path->ns, reader->element_ns);
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static struct text trimmed(struct text text)
{
	while (text.n && is_blank(text.p[0]))
		text.p++, text.n--;
	while (text.n && is_blank(text.p[text.n - 1]))
		text.n--;
	return text;
}

static struct private_hit *open_hit(struct reader *reader)
{
	const struct stanza *stanza = current(reader)->stanza;
	return &stanza->private_hits[stanza->private_count - 1];
}

static struct private_hit *add_hit(struct reader *reader, size_t index, bool request)
{
	struct stanza *stanza = current(reader)->stanza;
	size_t count = stanza->private_count;

	if (count == 0 || (count >= 4 && (count & (count - 1)) == 0)) { // twice the room
		struct private_hit *bigger =
			arena_alloc(reader->arena, (count ? 2 * count : 4) * sizeof(*bigger));
		if (count)
			memcpy(bigger, stanza->private_hits, count * sizeof(*bigger));
		stanza->private_hits = bigger;
	}
	stanza->private_hits[stanza->private_count++] =
		(struct private_hit){.index = (uint32_t)index, .request = request};
	return open_hit(reader);
}

static enum role enter_ack(struct reader *reader, size_t index)
{
	const struct private_ack *ack = &reader->acks[index];
	struct private_hit *hit = add_hit(reader, index, false);

	if (ack->own_id)
		hit->id = current(reader)->stanza->id;
	else if (ack->attribute.p && !ack->child.p)
		hit->id = reader_attribute_text(reader, ack->attribute);
	if (ack->own_id || (ack->attribute.p && !ack->child.p))
		return ROLE_LEAF;
	return ack->child.p ? ROLE_PRIVATE : ROLE_PRIVATE_TEXT;
}

// The element stands below outer (absent: it is a child of the stanza itself).
static bool fits(const struct private_path *path, const struct reader *reader, struct text outer)
{
	return is_declared(path, reader) && text_same(path->outer, outer) &&
	       text_is(path->name, reader->local);
}

static bool carries(const struct private_ack *ack, const struct stanza *stanza)
{
	return stanza->kind == STANZA_IQ ? ack->on_iq : ack->on_message;
}

static enum role enter_declared(struct reader *reader, struct text outer)
{
	const struct stanza *stanza = current(reader)->stanza;

	for (size_t i = 0; i < reader->ack_count; i++) {
		const struct private_ack *ack = &reader->acks[i];
		if (carries(ack, stanza) && fits(&ack->ack, reader, outer))
			return enter_ack(reader, i);
		if (stanza->kind == STANZA_MESSAGE && fits(&ack->request, reader, outer))
			add_hit(reader, i, true); // several may share it
	}
	return ROLE_SKIP;
}

static enum role enter_outer(struct reader *reader)
{
	for (size_t i = 0; i < reader->ack_count; i++) {
		const struct private_path *paths[] = {&reader->acks[i].ack,
						      &reader->acks[i].request};
		for (size_t k = 0; k < 2; k++) {
			if (!is_declared(paths[k], reader) || !paths[k]->outer.p ||
			    !text_is(paths[k]->outer, reader->local))
				continue;
			reader->private_outer = paths[k]->outer;
			return ROLE_PRIVATE_OUTER;
		}
	}
	return ROLE_SKIP;
}

// A child of an open acknowledgement: the first of the declared name has the id.
static enum role enter_child(struct reader *reader)
{
	struct private_hit *hit = open_hit(reader);
	const struct private_ack *ack = &reader->acks[hit->index];

	if (hit->id.p || !text_is(ack->child, reader->local) || !is_declared(&ack->ack, reader))
		return ROLE_SKIP;
	if (!ack->attribute.p)
		return ROLE_PRIVATE_TEXT;
	hit->id = reader_attribute_text(reader, ack->attribute);
	return ROLE_LEAF;
}

enum role private_open(struct reader *reader, enum role parent)
{
	if (parent == ROLE_PRIVATE)
		return enter_child(reader);
	if (parent == ROLE_PRIVATE_OUTER)
		return enter_declared(reader, reader->private_outer);
	if (parent != ROLE_MESSAGE && parent != ROLE_IQ)
		return ROLE_SKIP;
	size_t before = current(reader)->stanza->private_count;
	enum role role = enter_declared(reader, TEXT_NONE);
	if (role == ROLE_SKIP && current(reader)->stanza->private_count == before)
		return enter_outer(reader);
	return role;
}

void leave_private_text(struct reader *reader)
{
	struct private_hit *hit = open_hit(reader);

	if (!hit->id.p)
		hit->id = arena_text(reader->arena, trimmed(buf_view(&reader->text)));
}
