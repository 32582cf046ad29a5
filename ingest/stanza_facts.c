// SPDX-License-Identifier: Apache-2.0
// Writes down what the rows of stanza_elements.c found. Nothing is judged here: an error stanza
// keeps its echoed payload, a void request stays a request (E6, P7).
#include "ingest/stanza_internal.h"

void *reader_more_room(struct arena *arena, void *items, size_t count, size_t size)
{
	if (count != 0 && (count < 4 || (count & (count - 1)) != 0))
		return items;
	void *bigger = arena_alloc(arena, (count ? 2 * count : 4) * size);
	if (count)
		memcpy(bigger, items, count * size);
	return bigger;
}

// Appends to stanza->list, whose length is stanza->count.
#define APPEND(reader, list, count, ...)                                                           \
	do {                                                                                       \
		struct stanza *to_ = current(reader)->stanza;                                      \
		to_->list = reader_more_room((reader)->arena, to_->list, to_->count,               \
					     sizeof(*to_->list));                                  \
		to_->list[to_->count++] = (__VA_ARGS__);                                           \
	} while (0)

// --- content

enum role enter_flag(struct reader *reader, const struct rule *rule)
{
	bool *flag = (bool *)((char *)current(reader)->stanza + rule->value);
	*flag = true;
	return rule->role;
}

enum role enter_body(struct reader *reader, const struct rule *rule)
{
	current(reader)->body_tagged = reader_has_language(reader);
	return rule->role;
}

struct text reader_captured(struct reader *reader)
{
	return arena_text(reader->arena, buf_view(&reader->text));
}

static void add_digest_part(struct reader *reader)
{
	struct text part = stanza_fold(reader->arena, buf_view(&reader->text));
	if (part.n > 0)
		APPEND(reader, digest_parts, digest_count, part);
}

static void leave_body(struct reader *reader)
{
	struct draft *draft = current(reader);
	struct stanza *stanza = draft->stanza;
	if (reader->text.len == 0) {
		stanza->has_other_child = true; // no content, and CS-EXTRA does not name it
		return;
	}
	if (!stanza->has_body || (!draft->body_untagged && !draft->body_tagged)) {
		stanza->body = reader_captured(reader);
		draft->body_untagged = !draft->body_tagged;
	}
	stanza->has_body = true;
	add_digest_part(reader);
}

static void leave_thread(struct reader *reader)
{
	struct stanza *stanza = current(reader)->stanza;
	if (!stanza->thread.p)
		stanza->thread = reader_captured(reader);
}

enum role enter_omemo(struct reader *reader, const struct rule *rule)
{
	current(reader)->omemo_payload = false;
	return rule->role;
}

enum role enter_payload(struct reader *reader, const struct rule *rule)
{
	current(reader)->omemo_payload = true;
	current(reader)->stanza->has_encrypted = true;
	return rule->role;
}

static void leave_omemo(struct reader *reader)
{
	struct draft *draft = current(reader);
	if (draft->omemo_payload)
		return;
	draft->omemo_bare = true;
	draft->stanza->has_other_child = true; // key upkeep is no content
}

enum role enter_fallback(struct reader *reader, const struct rule *rule)
{
	struct draft *draft = current(reader);
	draft->cover_body = draft->cover_subject = draft->cover_part = false;
	return rule->role;
}

enum role enter_covered(struct reader *reader, const struct rule *rule)
{
	struct draft *draft = current(reader);
	if (rule->value == 's')
		draft->cover_subject = true;
	else if (reader_attribute(reader, "start").p)
		draft->cover_part = true;
	else
		draft->cover_body = true;
	return rule->role;
}

static void leave_fallback(struct reader *reader) // K1, 0428 section 2.2
{
	const struct draft *draft = current(reader);
	if (draft->cover_body || (!draft->cover_part && !draft->cover_subject))
		draft->stanza->fallback_whole_body = true;
}

// --- events

enum role enter_ref(struct reader *reader, const struct rule *rule)
{
	struct text id = rule->parent == ROLE_APPLY_TO ? current(reader)->apply_to
						       : reader_attribute(reader, "id");
	APPEND(reader, refs, ref_count, (struct stanza_ref){(enum ref_kind)rule->value, id, 0});
	return rule->role;
}

enum role enter_apply_to(struct reader *reader, const struct rule *rule)
{
	current(reader)->apply_to = reader_attribute(reader, "id");
	return rule->role;
}

enum role enter_state(struct reader *reader, const struct rule *rule)
{
	struct stanza *stanza = current(reader)->stanza;
	if (stanza->state_count++ == 0)
		stanza->state = (enum chat_state)rule->value;
	return rule->role;
}

// K8 until its end shows that there was no id: then it is a request (K7).
enum role enter_xevent(struct reader *reader, const struct rule *rule)
{
	APPEND(reader, refs, ref_count, (struct stanza_ref){.kind = REF_XEVENT});
	return rule->role;
}

static struct stanza_ref *last_ref(struct reader *reader)
{
	struct stanza *stanza = current(reader)->stanza;
	return &stanza->refs[stanza->ref_count - 1];
}

enum role enter_xevent_bit(struct reader *reader, const struct rule *rule)
{
	last_ref(reader)->xevent |= rule->value;
	return rule->role;
}

static void leave_xevent_id(struct reader *reader)
{
	if (!last_ref(reader)->id.p)
		last_ref(reader)->id = reader_captured(reader);
}

static void leave_xevent(struct reader *reader)
{
	struct stanza *stanza = current(reader)->stanza;
	if (last_ref(reader)->id.p)
		return;
	stanza->xevent_request |= last_ref(reader)->xevent;
	stanza->ref_count--;
}

static struct stanza_delay read_delay(struct reader *reader)
{
	struct stanza_delay delay = {USEC_NONE, reader_attribute(reader, "from")};
	usec_t stamp;
	if (usec_parse(reader_attribute(reader, "stamp"), &stamp))
		delay.stamp = stamp;
	return delay;
}

enum role enter_delay(struct reader *reader, const struct rule *rule)
{
	APPEND(reader, delays, delay_count, read_delay(reader));
	return rule->role;
}

enum role enter_forward_delay(struct reader *reader, const struct rule *rule)
{
	APPEND(reader, forward_delays, forward_delay_count, read_delay(reader));
	return rule->role;
}

enum role enter_origin_id(struct reader *reader, const struct rule *rule)
{
	struct stanza *stanza = current(reader)->stanza;
	if (!stanza->origin_id.p)
		stanza->origin_id = reader_attribute(reader, "id");
	return rule->role;
}

static struct stanza_sid read_sid(struct reader *reader)
{
	return (struct stanza_sid){reader_attribute(reader, "id"), reader_attribute(reader, "by")};
}

enum role enter_stanza_id(struct reader *reader, const struct rule *rule)
{
	APPEND(reader, stanza_ids, stanza_id_count, read_sid(reader));
	return rule->role;
}

enum role enter_error(struct reader *reader, const struct rule *rule)
{
	struct draft *draft = current(reader);
	if (draft->error_seen)
		return ROLE_SKIP;
	draft->error_seen = true;
	draft->code = reader_attribute(reader, "code");
	return rule->role;
}

enum role enter_condition(struct reader *reader, const struct rule *rule)
{
	struct draft *draft = current(reader);
	if (!draft->condition.p && strcmp(reader->local, "text") != 0)
		draft->condition = arena_text(reader->arena, text_of(reader->local));
	return rule->role;
}

enum role enter_amp(struct reader *reader, const struct rule *rule)
{
	struct stanza *stanza = current(reader)->stanza;
	if (stanza->amp_status.p)
		return ROLE_SKIP;
	stanza->amp_status = reader_attribute(reader, "status");
	stanza->amp_to = reader_attribute(reader, "to");
	return stanza->amp_status.p ? rule->role : ROLE_SKIP; // without it: a request, ignored
}

enum role enter_amp_rule(struct reader *reader, const struct rule *rule)
{
	struct stanza *stanza = current(reader)->stanza;
	if (!stanza->amp_deliver.p && text_is(reader_attribute(reader, "condition"), "deliver"))
		stanza->amp_deliver = reader_attribute(reader, "value");
	return rule->role;
}

enum role enter_hint(struct reader *reader, const struct rule *rule)
{
	current(reader)->stanza->hints |= rule->value;
	return rule->role;
}

// --- displayed synchronisation (K18)

enum role enter_node(struct reader *reader, const struct rule *rule)
{
	const struct stanza *stanza = current(reader)->stanza;
	if (stanza->kind == STANZA_IQ && !text_is(stanza->raw_type, "set"))
		return ROLE_SKIP;
	return text_is(reader_attribute(reader, "node"), NS_MDS) ? rule->role : ROLE_SKIP;
}

// The message's own child goes before one in a pubsub item, else the first counts.
enum role enter_mds_id(struct reader *reader, const struct rule *rule)
{
	struct stanza *stanza = current(reader)->stanza;
	bool direct = reader->roles[reader->depth - 2] == ROLE_MESSAGE;
	if (stanza->has_mds && (stanza->mds_in_message || !direct))
		return rule->role;
	struct stanza_sid sid = read_sid(reader);
	stanza->has_mds = true;
	stanza->mds_in_message = direct;
	stanza->mds_id = sid.id;
	stanza->mds_by = sid.by;
	return rule->role;
}

void leave_element(struct reader *reader, enum role role)
{
	static void (*const leave[ROLES])(struct reader *) = {
		[ROLE_MESSAGE] = reader_leave_stanza,
		[ROLE_IQ] = reader_leave_stanza,
		[ROLE_PRESENCE] = reader_leave_stanza,
		[ROLE_ALIEN] = reader_leave_stanza,
		[ROLE_BODY] = leave_body,
		[ROLE_THREAD] = leave_thread,
		[ROLE_OMEMO] = leave_omemo,
		[ROLE_CIPHER] = add_digest_part,
		[ROLE_SHARED] = add_digest_part,
		[ROLE_FALLBACK] = leave_fallback,
		[ROLE_XEVENT_ID] = leave_xevent_id,
		[ROLE_XEVENT] = leave_xevent,
		[ROLE_SOFTWARE] = leave_software,
		[ROLE_RELEASE] = leave_release,
		[ROLE_PRIVATE_TEXT] = leave_private_text,
	};
	if (leave[role])
		leave[role](reader);
}
