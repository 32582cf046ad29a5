// SPDX-License-Identifier: Apache-2.0
// Stanzas and the stanzas inside them: carbons (E3), archive results (E4), forwards and routes
// (E5). Each level is filled by the same rules; who may be believed is not decided here.
#include "ingest/stanza_internal.h"

static enum message_type message_type(struct text raw) // E6
{
	static const struct {
		const char *name;
		enum message_type type;
	} types[] = {
		{"chat", TYPE_CHAT},
		{"groupchat", TYPE_GROUPCHAT},
		{"headline", TYPE_HEADLINE},
		{"error", TYPE_ERROR},
	};
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (text_is(raw, types[i].name))
			return types[i].type;
	}
	return TYPE_NORMAL;
}

static struct stanza *new_stanza(struct reader *reader, enum stanza_kind kind, const char *ns)
{
	struct stanza *stanza = arena_alloc(reader->arena, sizeof(*stanza));
	*current(reader) = (struct draft){.stanza = stanza, .ns = ns};
	stanza->kind = kind;
	return stanza;
}

static void take_addresses(struct reader *reader, struct stanza *stanza)
{
	stanza->from = reader_attribute(reader, "from");
	stanza->to = reader_attribute(reader, "to");
	stanza->id = reader_attribute(reader, "id");
	stanza->raw_type = reader_attribute(reader, "type");
	if (stanza->kind == STANZA_MESSAGE)
		stanza->type = message_type(stanza->raw_type);
}

enum role open_root(struct reader *reader, const char *ns)
{
	static const struct {
		const char *local;
		enum stanza_kind kind;
		enum role role;
	} roots[] = {
		{"message", STANZA_MESSAGE, ROLE_MESSAGE},
		{"iq", STANZA_IQ, ROLE_IQ},
		{"presence", STANZA_PRESENCE, ROLE_PRESENCE},
		{"route", STANZA_ROUTE, ROLE_ROUTE},
	};
	reader->root = new_stanza(reader, STANZA_OTHER, ns);
	for (size_t i = 0; i < sizeof(roots) / sizeof(roots[0]); i++) {
		if (strcmp(reader->local, roots[i].local) != 0)
			continue;
		if (stanza_namespace(ns)) {
			reader->root->kind = roots[i].kind;
			take_addresses(reader, reader->root);
			return roots[i].role;
		}
		reader->root->bad_namespace = roots[i].kind != STANZA_ROUTE;
	}
	return ROLE_SKIP;
}

// The holder's message says how its inner stanza is held. A carbon holds messages only (E3).
static bool wrap_inner(struct draft *draft, enum stanza_kind kind)
{
	static const enum wrap_kind wraps[] = {
		[HOLD_FORWARDED] = WRAP_FORWARDED, [HOLD_ROUTE] = WRAP_ROUTE,
		[HOLD_SENT] = WRAP_CARBON_SENT,    [HOLD_RECEIVED] = WRAP_CARBON_RECEIVED,
		[HOLD_RESULT] = WRAP_NONE,
	};
	bool carbon = draft->held == HOLD_SENT || draft->held == HOLD_RECEIVED;
	if (carbon && kind != STANZA_MESSAGE)
		return false;
	draft->stanza->wrap = wraps[draft->held];
	return true;
}

enum role enter_inner(struct reader *reader, const struct rule *rule)
{
	struct draft *outer = current(reader);
	if (outer->stanza->kind == STANZA_ROUTE)
		outer->held = HOLD_ROUTE;
	if (outer->stanza->inner || reader->level + 1 == STANZA_LEVELS)
		return ROLE_SKIP;
	const char *ns = reader->element_ns;
	bool known = stanza_namespace(ns) || strcmp(ns, NS_FORWARD) == 0; // K0: inherited
	enum stanza_kind kind = known ? (enum stanza_kind)rule->value : STANZA_OTHER;
	if (!wrap_inner(outer, kind))
		return ROLE_SKIP;
	reader->level++;
	struct stanza *inner = new_stanza(reader, kind, ns);
	inner->bad_namespace = !known;
	outer->stanza->inner = inner;
	outer->stanza->inner_is_stanza = known;
	if (known)
		take_addresses(reader, inner);
	return known ? rule->role : ROLE_ALIEN;
}

void reader_leave_stanza(struct reader *reader)
{
	struct draft *draft = current(reader);
	struct stanza *stanza = draft->stanza;
	// Some other encrypted element with a payload makes it content after all.
	stanza->omemo_without_payload = draft->omemo_bare && !stanza->has_encrypted;
	if (stanza->omemo_without_payload) { // K1: body and requests beside it do not count
		stanza->receipt_request = stanza->markable = stanza->has_body = false;
		stanza->xevent_request = 0;
	}
	if (stanza->kind == STANZA_MESSAGE && stanza->type == TYPE_ERROR) { // K16
		stanza->error_condition = draft->condition;
		if (!stanza->error_condition.p)
			stanza->error_condition = stanza_legacy_condition(draft->code);
		if (!stanza->error_condition.p)
			stanza->error_condition = TEXT("undefined-condition");
	}
	if (reader->level > 0)
		reader->level--;
}

enum role enter_holder(struct reader *reader, const struct rule *rule)
{
	struct draft *draft = current(reader);
	draft->holding = (enum hold)rule->value;
	if (draft->holding == HOLD_RESULT)
		draft->stanza->archive_result = true;
	return rule->role;
}

enum role enter_forwarded(struct reader *reader, const struct rule *rule)
{
	struct draft *draft = current(reader);
	enum hold holder = rule->value ? (enum hold)rule->value : draft->holding;
	if (holder <= draft->held)
		return ROLE_SKIP;
	draft->held = holder;
	draft->stanza->inner = NULL;
	draft->stanza->inner_is_stanza = false;
	draft->stanza->forward_delay_count = 0;
	draft->stanza->wrap = holder == HOLD_FORWARDED ? WRAP_FORWARDED : WRAP_NONE;
	return rule->role;
}
