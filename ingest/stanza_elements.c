// SPDX-License-Identifier: Apache-2.0
// Which element means what: one row per (parent, namespace, local name) of PAIRING K, E3, E4 and
// E5. What the row does is in stanza_facts.c. Prefixes and order play no part (K0).
#include "ingest/stanza_internal.h"

#include <stdint.h>

#define NS_STANZA ((const char *)NULL) // one of E1's, or that of the message itself
#define NS_MARKERS "urn:xmpp:chat-markers:0"
#define NS_STATES "http://jabber.org/protocol/chatstates"
#define NS_XEVENT "jabber:x:event"
#define NS_RETRACT "urn:xmpp:message-retract:1"
#define NS_RETRACT_0 "urn:xmpp:message-retract:0"
#define NS_SID "urn:xmpp:sid:0"
#define NS_AMP "http://jabber.org/protocol/amp"
#define NS_HINTS "urn:xmpp:hints"
#define NS_AXOLOTL "eu.siacs.conversations.axolotl"
#define NS_OMEMO_1 "urn:xmpp:omemo:1"
#define NS_OMEMO_2 "urn:xmpp:omemo:2"
#define NS_FALLBACK "urn:xmpp:fallback:0"
#define NS_CARBONS "urn:xmpp:carbons:2"
#define NS_CARBONS_1 "urn:xmpp:carbons:1"
#define NS_PUBSUB "http://jabber.org/protocol/pubsub"
#define NS_EVENT "http://jabber.org/protocol/pubsub#event"
#define NS_CONDITIONS "urn:ietf:params:xml:ns:xmpp-stanzas"

#define FLAG(name) offsetof(struct stanza, name)
#define PLAIN true

static const struct rule rules[] = {
	{ROLE_MESSAGE, NS_STANZA, "body", ROLE_BODY, enter_body, 0, PLAIN},
	{ROLE_MESSAGE, NS_STANZA, "thread", ROLE_THREAD, NULL, 0, PLAIN},
	{ROLE_MESSAGE, NS_STANZA, "error", ROLE_ERROR, enter_error, 0, 0},
	{ROLE_ERROR, NS_CONDITIONS, NULL, ROLE_LEAF, enter_condition, 0, 0},

	{ROLE_MESSAGE, NS_RECEIPTS, "request", ROLE_LEAF, enter_flag, FLAG(receipt_request), 0},
	{ROLE_MESSAGE, NS_RECEIPTS, "received", ROLE_LEAF, enter_ref, REF_RECEIPT, 0},
	{ROLE_MESSAGE, NS_MARKERS, "markable", ROLE_LEAF, enter_flag, FLAG(markable), 0},
	{ROLE_MESSAGE, NS_MARKERS, "received", ROLE_LEAF, enter_ref, REF_MARK_RECEIVED, 0},
	{ROLE_MESSAGE, NS_MARKERS, "displayed", ROLE_LEAF, enter_ref, REF_MARK_DISPLAYED, 0},
	{ROLE_MESSAGE, NS_MARKERS, "acknowledged", ROLE_LEAF, enter_ref, REF_MARK_ACKNOWLEDGED, 0},

	{ROLE_MESSAGE, NS_STATES, "active", ROLE_LEAF, enter_state, STATE_ACTIVE, PLAIN},
	{ROLE_MESSAGE, NS_STATES, "composing", ROLE_LEAF, enter_state, STATE_COMPOSING, PLAIN},
	{ROLE_MESSAGE, NS_STATES, "paused", ROLE_LEAF, enter_state, STATE_PAUSED, PLAIN},
	{ROLE_MESSAGE, NS_STATES, "inactive", ROLE_LEAF, enter_state, STATE_INACTIVE, PLAIN},
	{ROLE_MESSAGE, NS_STATES, "gone", ROLE_LEAF, enter_state, STATE_GONE, PLAIN},

	{ROLE_MESSAGE, NS_XEVENT, "x", ROLE_XEVENT, enter_xevent, 0, 0},
	{ROLE_XEVENT, NS_XEVENT, "offline", ROLE_LEAF, enter_xevent_bit, XE_OFFLINE, 0},
	{ROLE_XEVENT, NS_XEVENT, "delivered", ROLE_LEAF, enter_xevent_bit, XE_DELIVERED, 0},
	{ROLE_XEVENT, NS_XEVENT, "displayed", ROLE_LEAF, enter_xevent_bit, XE_DISPLAYED, 0},
	{ROLE_XEVENT, NS_XEVENT, "composing", ROLE_LEAF, enter_xevent_bit, XE_COMPOSING, 0},
	{ROLE_XEVENT, NS_XEVENT, "id", ROLE_XEVENT_ID, NULL, 0, 0},

	{ROLE_MESSAGE, "urn:xmpp:message-correct:0", "replace", ROLE_LEAF, enter_ref,
	 REF_CORRECTION, 0},
	{ROLE_MESSAGE, NS_RETRACT, "retract", ROLE_LEAF, enter_ref, REF_RETRACTION, 0},
	{ROLE_MESSAGE, NS_RETRACT_0, "retract", ROLE_LEAF, enter_ref, REF_RETRACTION, 0},
	{ROLE_MESSAGE, "urn:xmpp:fasten:0", "apply-to", ROLE_APPLY_TO, enter_apply_to, 0, 0},
	{ROLE_APPLY_TO, NS_RETRACT, "retract", ROLE_LEAF, enter_ref, REF_RETRACTION, 0},
	{ROLE_APPLY_TO, NS_RETRACT_0, "retract", ROLE_LEAF, enter_ref, REF_RETRACTION, 0},
	{ROLE_MESSAGE, "urn:xmpp:reactions:0", "reactions", ROLE_LEAF, enter_ref, REF_REACTION, 0},
	{ROLE_MESSAGE, "urn:xmpp:reply:0", "reply", ROLE_LEAF, enter_ref, REF_REPLY, 0},

	{ROLE_MESSAGE, "urn:xmpp:delay", "delay", ROLE_LEAF, enter_delay, 0, PLAIN},
	{ROLE_MESSAGE, "jabber:x:delay", "x", ROLE_LEAF, enter_delay, 0, PLAIN},
	{ROLE_MESSAGE, NS_SID, "origin-id", ROLE_LEAF, enter_origin_id, 0, PLAIN},
	{ROLE_MESSAGE, NS_SID, "stanza-id", ROLE_LEAF, enter_stanza_id, 0, PLAIN},
	{ROLE_MESSAGE, NS_AMP, "amp", ROLE_AMP, enter_amp, 0, 0},
	{ROLE_AMP, NS_AMP, "rule", ROLE_LEAF, enter_amp_rule, 0, 0},

	{ROLE_MESSAGE, NS_HINTS, "no-store", ROLE_LEAF, enter_hint, HINT_NO_STORE, PLAIN},
	{ROLE_MESSAGE, NS_HINTS, "no-permanent-store", ROLE_LEAF, enter_hint,
	 HINT_NO_PERMANENT_STORE, PLAIN},
	{ROLE_MESSAGE, NS_HINTS, "no-copy", ROLE_LEAF, enter_hint, HINT_NO_COPY, PLAIN},
	{ROLE_MESSAGE, NS_HINTS, "store", ROLE_LEAF, enter_hint, HINT_STORE, PLAIN},
	{ROLE_MESSAGE, NS_HINTS, NULL, ROLE_LEAF, NULL, 0, PLAIN},
	{ROLE_MESSAGE, NS_CARBONS, "private", ROLE_LEAF, enter_hint, HINT_CARBON_PRIVATE, PLAIN},

	{ROLE_MESSAGE, NS_AXOLOTL, "encrypted", ROLE_OMEMO, enter_omemo, 0, PLAIN},
	{ROLE_MESSAGE, NS_OMEMO_1, "encrypted", ROLE_OMEMO, enter_omemo, 0, PLAIN},
	{ROLE_MESSAGE, NS_OMEMO_2, "encrypted", ROLE_OMEMO, enter_omemo, 0, PLAIN},
	{ROLE_OMEMO, NS_AXOLOTL, "payload", ROLE_CIPHER, enter_payload, 0, 0},
	{ROLE_OMEMO, NS_OMEMO_1, "payload", ROLE_CIPHER, enter_payload, 0, 0},
	{ROLE_OMEMO, NS_OMEMO_2, "payload", ROLE_CIPHER, enter_payload, 0, 0},
	{ROLE_MESSAGE, "jabber:x:encrypted", "x", ROLE_CIPHER, enter_flag, FLAG(has_encrypted),
	 PLAIN},
	{ROLE_MESSAGE, "urn:xmpp:openpgp:0", "openpgp", ROLE_CIPHER, enter_flag,
	 FLAG(has_encrypted), PLAIN},
	{ROLE_MESSAGE, "jabber:x:oob", "x", ROLE_OOB, enter_flag, FLAG(has_oob), PLAIN},
	{ROLE_OOB, "jabber:x:oob", "url", ROLE_SHARED, NULL, 0, 0},
	{ROLE_MESSAGE, "urn:xmpp:sfs:0", "file-sharing", ROLE_SHARED, enter_flag, FLAG(has_sfs),
	 PLAIN},
	{ROLE_MESSAGE, NS_FALLBACK, "fallback", ROLE_FALLBACK, enter_fallback, 0, 0},
	{ROLE_FALLBACK, NS_FALLBACK, "body", ROLE_LEAF, enter_covered, 'b', 0},
	{ROLE_FALLBACK, NS_FALLBACK, "subject", ROLE_LEAF, enter_covered, 's', 0},

	{ROLE_MESSAGE, NS_CARBONS, "sent", ROLE_HOLDER, enter_holder, HOLD_SENT, 0},
	{ROLE_MESSAGE, NS_CARBONS_1, "sent", ROLE_HOLDER, enter_holder, HOLD_SENT, 0},
	{ROLE_MESSAGE, NS_CARBONS, "received", ROLE_HOLDER, enter_holder, HOLD_RECEIVED, 0},
	{ROLE_MESSAGE, NS_CARBONS_1, "received", ROLE_HOLDER, enter_holder, HOLD_RECEIVED, 0},
	{ROLE_MESSAGE, "urn:xmpp:mam:*", "result", ROLE_HOLDER, enter_holder, HOLD_RESULT, 0},
	{ROLE_HOLDER, NS_FORWARD, "forwarded", ROLE_FORWARDED, enter_forwarded, 0, 0},
	{ROLE_MESSAGE, NS_FORWARD, "forwarded", ROLE_FORWARDED, enter_forwarded, HOLD_FORWARDED, 0},
	{ROLE_FORWARDED, "urn:xmpp:delay", "delay", ROLE_LEAF, enter_forward_delay, 0, 0},
	{ROLE_FORWARDED, "jabber:x:delay", "x", ROLE_LEAF, enter_forward_delay, 0, 0},
	{ROLE_FORWARDED, "*", "message", ROLE_MESSAGE, enter_inner, STANZA_MESSAGE, 0},
	{ROLE_FORWARDED, "*", "iq", ROLE_IQ, enter_inner, STANZA_IQ, 0},
	{ROLE_FORWARDED, "*", "presence", ROLE_PRESENCE, enter_inner, STANZA_PRESENCE, 0},
	{ROLE_ROUTE, "*", "message", ROLE_MESSAGE, enter_inner, STANZA_MESSAGE, 0},
	{ROLE_ROUTE, "*", "iq", ROLE_IQ, enter_inner, STANZA_IQ, 0},
	{ROLE_ROUTE, "*", "presence", ROLE_PRESENCE, enter_inner, STANZA_PRESENCE, 0},

	{ROLE_MESSAGE, "urn:xmpp:privilege:*", "privilege", ROLE_LEAF, enter_flag, FLAG(privilege),
	 0},
	{ROLE_MESSAGE, NS_EVENT, "event", ROLE_EVENT, enter_flag, FLAG(pubsub_event), 0},
	{ROLE_EVENT, NS_EVENT, "items", ROLE_NODE, enter_node, 0, 0},
	{ROLE_NODE, NS_EVENT, "item", ROLE_ITEM, NULL, 0, 0},
	{ROLE_IQ, NS_PUBSUB, "pubsub", ROLE_PUBSUB, NULL, 0, 0},
	{ROLE_PUBSUB, NS_PUBSUB, "publish", ROLE_NODE, enter_node, 0, 0},
	{ROLE_NODE, NS_PUBSUB, "item", ROLE_ITEM, NULL, 0, 0},
	{ROLE_ITEM, NS_MDS, "displayed", ROLE_MDS, NULL, 0, 0},
	{ROLE_MESSAGE, NS_MDS, "displayed", ROLE_MDS, NULL, 0, 0},
	{ROLE_MDS, NS_SID, "stanza-id", ROLE_LEAF, enter_mds_id, 0, 0},

	// K19, F9.
	{ROLE_PRESENCE, NS_CAPS, "c", ROLE_LEAF, enter_caps, 0, 0},
	{ROLE_IQ, NS_DISCO, "query", ROLE_DISCO, enter_disco, 0, 0},
	{ROLE_DISCO, NS_DISCO, "identity", ROLE_LEAF, enter_identity, 0, 0},
	{ROLE_DISCO, NS_DISCO, "feature", ROLE_LEAF, enter_feature, 0, 0},
	{ROLE_IQ, NS_VERSION, "query", ROLE_VERSION, enter_version, 0, 0},
	{ROLE_VERSION, NS_VERSION, "name", ROLE_SOFTWARE, NULL, 0, 0},
	{ROLE_VERSION, NS_VERSION, "version", ROLE_RELEASE, NULL, 0, 0},
	{ROLE_IQ, NS_ROSTER, "query", ROLE_ROSTER, enter_roster, 0, 0},
	{ROLE_ROSTER, NS_ROSTER, "item", ROLE_LEAF, enter_roster_item, 0, 0},
	{ROLE_IQ, NS_BLOCKING, "block", ROLE_BLOCK, enter_block, BLOCK_ADD, 0},
	{ROLE_IQ, NS_BLOCKING, "unblock", ROLE_BLOCK, enter_block, BLOCK_REMOVE, 0},
	{ROLE_BLOCK, NS_BLOCKING, "item", ROLE_LEAF, enter_block_item, 0, 0},

	// Of no meaning but that they are no fault beside a chat state.
	{ROLE_MESSAGE, "http://jabber.org/protocol/muc#user", "x", ROLE_LEAF, NULL, 0, PLAIN},
	{ROLE_MESSAGE, "urn:xmpp:occupant-id:0", "occupant-id", ROLE_LEAF, NULL, 0, PLAIN},
	{ROLE_MESSAGE, "urn:xmpp:mam:tmp", "archived", ROLE_LEAF, NULL, 0, PLAIN},
};

bool stanza_namespace(const char *ns)
{
	static const char *const names[] = {"jabber:client", "jabber:server",
					    "jabber:component:accept", "jabber:component:connect"};
	if (!ns)
		return true;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(ns, names[i]) == 0)
			return true;
	}
	return false;
}

static bool namespace_fits(const struct rule *rule, const char *ns)
{
	if (rule->ns == NS_STANZA)
		return stanza_namespace(ns);
	size_t size = strlen(rule->ns);
	if (rule->ns[size - 1] != '*')
		return ns && strcmp(rule->ns, ns) == 0;
	return size == 1 || (ns && strncmp(rule->ns, ns, size - 1) == 0 && ns[size - 1]);
}

static const struct rule *search(enum role parent, const char *ns, const char *local)
{
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		const struct rule *rule = &rules[i];
		if (rule->parent == parent && (!rule->local || strcmp(rule->local, local) == 0) &&
		    namespace_fits(rule, ns))
			return rule;
	}
	return NULL;
}

// The answer for three pointers is remembered, also when it is "none". Where four other names took
// the place the table is just searched: a flood of invented names costs time but no memory.
static const struct rule *find(struct reader *reader, enum role parent, const char *ns,
			       const char *local)
{
	size_t slot = ((uintptr_t)local >> 3) * 31 + ((uintptr_t)ns >> 3) * 17 + parent;
	slot ^= slot >> 8;
	for (size_t i = 0; i < 4; i++) {
		struct rule_memo *memo = &reader->memos[(slot + i) & (RULE_MEMOS - 1)];
		if (memo->local == local && memo->ns == ns && memo->parent == parent)
			return memo->rule;
		if (memo->parent != ROLE_SKIP)
			continue;
		*memo = (struct rule_memo){parent, ns, local, search(parent, ns, local)};
		return memo->rule;
	}
	return search(parent, ns, local);
}

// K0: a child in the namespace that the message itself has is in a stanza namespace.
static const struct rule *find_child(struct reader *reader, enum role parent, const char *ns)
{
	const struct rule *rule = find(reader, parent, ns, reader->local);
	if (!rule && parent == ROLE_MESSAGE && ns && ns == reader->drafts[reader->level].ns)
		rule = find(reader, parent, NULL, reader->local);
	return rule;
}

enum capture { CAPTURE_NONE, CAPTURE_OWN, CAPTURE_DEEP };

static enum capture capture_of(enum role role)
{
	static const enum capture table[ROLES] = {
		[ROLE_BODY] = CAPTURE_OWN,      [ROLE_THREAD] = CAPTURE_OWN,
		[ROLE_XEVENT_ID] = CAPTURE_OWN, [ROLE_CIPHER] = CAPTURE_DEEP,
		[ROLE_SHARED] = CAPTURE_DEEP,   [ROLE_SOFTWARE] = CAPTURE_OWN,
		[ROLE_RELEASE] = CAPTURE_OWN,   [ROLE_PRIVATE_TEXT] = CAPTURE_OWN,
	};
	return table[role];
}

static enum role child_role(struct reader *reader, const char *ns)
{
	if (reader->depth == 0)
		return open_root(reader, ns);
	enum role parent = reader->roles[reader->depth - 1];
	if (parent == ROLE_SKIP || parent == ROLE_LEAF)
		return ROLE_SKIP;
	const struct rule *rule = find_child(reader, parent, ns);
	if (parent == ROLE_MESSAGE && !(rule && rule->plain))
		reader->drafts[reader->level].stanza->has_other_child = true;
	if (!rule)
		return reader->ack_count ? private_open(reader, parent) : ROLE_SKIP;
	return rule->enter ? rule->enter(reader, rule) : rule->role;
}

void reader_open(struct reader *reader, const char *ns, const char *local)
{
	reader->local = local;
	reader->element_ns = ns;
	enum role role = child_role(reader, ns);
	reader->roles[reader->depth++] = role;
	if (reader->capture || capture_of(role) == CAPTURE_NONE)
		return;
	reader->capture = reader->depth;
	reader->capture_deep = capture_of(role) == CAPTURE_DEEP;
	reader->text.len = 0;
}

void reader_text(struct reader *reader, const char *data, size_t size)
{
	if (reader->capture && (reader->capture_deep || reader->depth == reader->capture))
		buf_add(&reader->text, data, size);
}

void reader_close(struct reader *reader)
{
	leave_element(reader, reader->roles[reader->depth - 1]);
	if (reader->capture == reader->depth)
		reader->capture = 0;
	reader->depth--;
}

void reader_begin(struct reader *reader, struct arena *arena)
{
	reader->arena = arena;
	reader->root = NULL;
	reader->level = 0;
	reader->depth = 0;
	reader->capture = 0;
}

void reader_forget_names(struct reader *reader)
{
	memset(reader->memos, 0, sizeof(reader->memos));
}

static const unsigned char *const *attribute(const struct reader *reader, struct text local,
					     const char *prefix)
{
	for (int i = 0; i < reader->attribute_count; i++) {
		const unsigned char *const *parts = &reader->attributes[5 * i];
		const char *found = (const char *)parts[1];
		if (text_is(local, (const char *)parts[0]) &&
		    (prefix ? found && strcmp(found, prefix) == 0 : !found))
			return parts;
	}
	return NULL;
}

struct text reader_attribute(struct reader *reader, const char *local)
{
	return reader_attribute_text(reader, text_of(local));
}

struct text reader_attribute_text(struct reader *reader, struct text local)
{
	const unsigned char *const *parts = attribute(reader, local, NULL);
	if (!parts)
		return TEXT_NONE;
	return stanza_value(reader->arena, (const char *)parts[3], (const char *)parts[4]);
}

bool reader_has_language(const struct reader *reader)
{
	const unsigned char *const *parts = attribute(reader, TEXT("lang"), "xml");
	return parts && parts[3] != parts[4];
}
