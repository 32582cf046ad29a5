// SPDX-License-Identifier: Apache-2.0
// What iq and presence say about devices and accounts (PAIRING K19; F9). Lists are bounded by the
// size of a stanza. An iq has one child that counts: of two of a kind the first is taken.
#include "ingest/markup.h"
#include "ingest/stanza.h"
#include "ingest/stanza_internal.h"

static struct stanza_known *known_of(struct reader *reader)
{
	struct stanza *stanza = current(reader)->stanza;
	if (!stanza->known)
		stanza->known = arena_alloc(reader->arena, sizeof(*stanza->known));
	return stanza->known;
}

static bool has_type(struct reader *reader, const char *type)
{
	return text_is(current(reader)->stanza->raw_type, type);
}

enum role enter_caps(struct reader *reader, const struct rule *rule)
{
	struct stanza_known *known = known_of(reader);
	if (known->has_caps)
		return ROLE_SKIP;
	known->has_caps = true;
	known->caps_node = reader_attribute(reader, "node");
	known->caps_ver = reader_attribute(reader, "ver");
	return rule->role;
}

enum role enter_disco(struct reader *reader, const struct rule *rule)
{
	if (!has_type(reader, "result") || known_of(reader)->has_disco)
		return ROLE_SKIP;
	known_of(reader)->has_disco = true;
	known_of(reader)->disco_node = reader_attribute(reader, "node");
	return rule->role;
}

enum role enter_identity(struct reader *reader, const struct rule *rule)
{
	struct stanza_known *known = known_of(reader);
	struct text category = reader_attribute(reader, "category");
	bool better = text_is(category, "client") && !text_is(known->category, "client");
	if (known->has_identity && !better)
		return rule->role;
	known->has_identity = true;
	known->category = category;
	known->type = reader_attribute(reader, "type");
	known->name = reader_attribute(reader, "name");
	return rule->role;
}

enum role enter_feature(struct reader *reader, const struct rule *rule)
{
	if (text_is(reader_attribute(reader, "var"), NS_RECEIPTS))
		known_of(reader)->disco_receipts = true;
	return rule->role;
}

enum role enter_version(struct reader *reader, const struct rule *rule)
{
	if (!has_type(reader, "result") || known_of(reader)->has_version)
		return ROLE_SKIP;
	known_of(reader)->has_version = true;
	return rule->role;
}

void leave_software(struct reader *reader)
{
	if (!known_of(reader)->software.p)
		known_of(reader)->software = reader_captured(reader);
}

void leave_release(struct reader *reader)
{
	if (!known_of(reader)->release.p)
		known_of(reader)->release = reader_captured(reader);
}

// A result without query says "as before" (RFC 6121 2.6.3) and comes to nothing; one with an empty
// query is an empty roster.
enum role enter_roster(struct reader *reader, const struct rule *rule)
{
	bool push = has_type(reader, "set");
	if ((!push && !has_type(reader, "result")) || known_of(reader)->has_roster)
		return ROLE_SKIP;
	known_of(reader)->has_roster = true;
	known_of(reader)->roster_push = push;
	return rule->role;
}

enum role enter_roster_item(struct reader *reader, const struct rule *rule)
{
	struct stanza_known *known = known_of(reader);
	known->items = reader_more_room(reader->arena, known->items, known->item_count,
					sizeof(*known->items));
	known->items[known->item_count++] = (struct roster_item){
		reader_attribute(reader, "jid"), reader_attribute(reader, "subscription")};
	return rule->role;
}

enum role enter_block(struct reader *reader, const struct rule *rule)
{
	if (!has_type(reader, "set") || known_of(reader)->block)
		return ROLE_SKIP;
	known_of(reader)->block = (enum block_kind)rule->value;
	return rule->role;
}

enum role enter_block_item(struct reader *reader, const struct rule *rule)
{
	struct stanza_known *known = known_of(reader);
	known->blocked = reader_more_room(reader->arena, known->blocked, known->blocked_count,
					  sizeof(*known->blocked));
	known->blocked[known->blocked_count++] = reader_attribute(reader, "jid");
	return rule->role;
}

// --- before the parser ---

static bool holds(struct text text, const char *what)
{
	return text.n && memmem(text.p, text.n, what, strlen(what)) != NULL;
}

// Servers and components answer for themselves; only what devices say is a fact.
static bool maybe_device(struct text from)
{
	return !from.p || (memchr(from.p, '@', from.n) && memchr(from.p, '/', from.n));
}

bool stanza_maybe_known(struct text xml)
{
	static const struct {
		const char *name, *type; // type NULL: has none
		const char *ns;
		bool device;
	} facts[] = {
		{"presence", NULL, NS_CAPS, true},  {"iq", "result", NS_DISCO, true},
		{"iq", "result", NS_VERSION, true}, {"iq", "result", NS_ROSTER, false},
		{"iq", "set", NS_ROSTER, false},    {"iq", "set", NS_BLOCKING, false},
	};
	struct text tag = markup_first(xml);
	if (!tag.p || xml.n > STANZA_BYTES_MAX)
		return false;
	struct text name = tag_name(tag), type = tag_attr(tag, "type");
	if (text_is(name, "message"))
		return false;
	bool device = maybe_device(tag_attr(tag, "from"));
	for (size_t i = 0; i < sizeof(facts) / sizeof(facts[0]); i++) {
		bool same_type = facts[i].type ? text_is(type, facts[i].type) : !type.p;
		if (text_is(name, facts[i].name) && same_type && (device || !facts[i].device) &&
		    holds(xml, facts[i].ns))
			return true;
	}
	return false;
}
