// SPDX-License-Identifier: Apache-2.0
#include "pairing/known.h"

#include <stdlib.h>

// --- the list ---

static bool has_order(enum known_kind kind)
{
	return kind == KNOWN_ROSTER || (kind >= KNOWN_PUSH && kind <= KNOWN_UNBLOCK_ALL);
}

static int64_t element_of(const struct pairing *pairing, const struct known *fact, usec_t at)
{
	int64_t numbers[] = {(int64_t)fact->kind, fact->conv, fact->key,
			     has_order(fact->kind) ? at : 0};

	return KEYED(&pairing->key, TEXT("known"), pairing->realm,
		     ((struct text){(const char *)numbers, sizeof(numbers)}), fact->subject,
		     fact->object, fact->value, fact->name);
}

static void merge(struct known *into, usec_t at, position_t position)
{
	if (at < into->first || (at == into->first && position < into->position)) {
		into->first = at;
		into->position = position;
	}
	into->last = at > into->last ? at : into->last;
}

static void learn(struct pairing *pairing, const struct effective *e, struct known fact)
{
	fact.element = element_of(pairing, &fact, e->seen->at);
	void **place = map_put(&pairing->known_seen, fact.element);
	if (*place) {
		merge(&pairing->known.items[(uintptr_t)*place - 1], e->seen->at, e->seen->position);
		return;
	}
	fact.subject = arena_text(pairing->arena, fact.subject);
	fact.object = arena_text(pairing->arena, fact.object);
	fact.value = arena_text(pairing->arena, fact.value);
	fact.name = arena_text(pairing->arena, fact.name);
	fact.first = fact.last = e->seen->at;
	fact.position = e->seen->position;
	fact.source = e->seen->source;
	*LIST_ADD(pairing->arena, &pairing->known) = fact;
	*place = (void *)(uintptr_t)pairing->known.count;
}

void pairing_known(struct pairing *pairing, void *self,
		   void (*known)(void *self, const struct known *known))
{
	for (size_t i = 0; i < pairing->known.count; i++)
		known(self, &pairing->known.items[i]);
}

// --- who speaks, who is spoken to (E2) ---

// Nothing is learnt about somebody who was erased.
static bool parse_known(const struct pairing *pairing, struct text text, struct arena *arena,
			struct jid *jid)
{
	return jid_parse(text, arena, jid) && !is_erased(pairing, jid);
}

// The device that says something about itself, in whatever direction.
static bool speaking_device(struct pairing *pairing, const struct effective *e, struct jid *device)
{
	struct text from = e->stanza->from;

	if (e->dir == DIR_IN && e->seen->session.p)
		from = e->seen->session;
	return from.p && parse_known(pairing, from, pairing->arena, device) && device->local.p &&
	       device->resource.p && !jid_is_muc(device, pairing->rules);
}

// Whether a party that was named is the account itself or its server; absent is the account, too.
static bool is_own(struct pairing *pairing, struct text party, const struct jid *account)
{
	struct jid jid;

	return !party.p ||
	       (parse_known(pairing, party, pairing->arena, &jid) &&
		(text_same(jid.bare, account->bare) || text_same(jid.full, account->domain)));
}

// --- caps, disco, version ---

static void know_caps(struct pairing *pairing, const struct effective *e, const struct jid *device)
{
	const struct stanza_known *known = e->stanza->known;

	if (!known->caps_node.n || !known->caps_ver.n || e->stanza->raw_type.n)
		return; // only presence that is available has caps that count
	struct text node =
		arena_printf(pairing->arena, "%.*s#%.*s", (int)known->caps_node.n,
			     known->caps_node.p, (int)known->caps_ver.n, known->caps_ver.p);
	learn(pairing, e,
	      (struct known){.kind = KNOWN_CAPS,
			     .about = pairing_jid_id(pairing, device->bare),
			     .related = pairing_jid_id(pairing, node),
			     .subject = device->full,
			     .object = node,
			     .value = TEXT_NONE,
			     .name = known->caps_node});
}

static void learn_disco(struct pairing *pairing, const struct effective *e, struct text about,
			struct text subject)
{
	const struct stanza_known *known = e->stanza->known;
	struct text identity = TEXT_NONE;

	if (known->has_identity)
		identity = arena_printf(pairing->arena, "%.*s/%.*s", (int)known->category.n,
					known->category.p ? known->category.p : "",
					(int)known->type.n, known->type.p ? known->type.p : "");
	learn(pairing, e,
	      (struct known){.kind = KNOWN_DISCO,
			     .about = pairing_jid_id(pairing, about),
			     .subject = subject,
			     .object = identity,
			     .value = known->disco_receipts ? TEXT(KNOWN_HAS_RECEIPTS) : TEXT(""),
			     .name = known->name});
}

// Of a node (caps: all devices that announce it) and, as it is the device that answers for its own caps,
// of the device.
static void know_disco(struct pairing *pairing, const struct effective *e, const struct jid *device)
{
	struct text node = e->stanza->known->disco_node;
	bool caps = node.n && memchr(node.p, '#', node.n);

	if (node.n)
		learn_disco(pairing, e, node, node);
	if (!node.n || caps)
		learn_disco(pairing, e, device->bare, device->full);
}

static void know_device(struct pairing *pairing, const struct effective *e)
{
	const struct stanza_known *known = e->stanza->known;
	struct jid device;

	if (!speaking_device(pairing, e, &device))
		return;
	if (known->has_caps)
		know_caps(pairing, e, &device);
	if (known->has_disco)
		know_disco(pairing, e, &device);
	if (known->has_version && known->software.n)
		learn(pairing, e,
		      (struct known){.kind = KNOWN_VERSION,
				     .about = pairing_jid_id(pairing, device.bare),
				     .subject = device.full,
				     .object = TEXT_NONE,
				     .value = known->release,
				     .name = known->software});
}

// --- rosters ---

static bool sees_presence(struct text subscription)
{
	return text_is(subscription, "from") || text_is(subscription, "both");
}

static int by_bytes(const void *a, const void *b)
{
	return text_compare(*(const struct text *)a, *(const struct text *)b);
}

// The contacts that may see the account's presence: all that is asked of a roster.
static struct text list_of(struct pairing *pairing, const struct stanza_known *known)
{
	struct text *jids =
		arena_alloc(pairing->arena, (known->item_count + 1) * sizeof(struct text));
	size_t count = 0;
	struct buf list = {0};
	struct jid jid;

	for (size_t i = 0; i < known->item_count; i++)
		if (sees_presence(known->items[i].subscription) &&
		    parse_known(pairing, known->items[i].jid, pairing->arena, &jid) &&
		    !jid.resource.p)
			jids[count++] = jid.full;
	qsort(jids, count, sizeof(*jids), by_bytes);
	for (size_t i = 0; i < count; i++) {
		buf_text(&list, jids[i]);
		buf_char(&list, '\n');
	}
	struct text text = arena_text(pairing->arena, list.len ? buf_view(&list) : TEXT(""));
	buf_free(&list);
	return text;
}

// Rosters seldom change between two log-ins: a list is kept once, and named by its hash.
static void know_roster(struct pairing *pairing, const struct effective *e,
			const struct jid *account)
{
	struct text list = list_of(pairing, e->stanza->known);
	struct text name = arena_printf(
		pairing->arena, "list:%016llx",
		(unsigned long long)KEYED(&pairing->key, TEXT("list"), pairing->realm, list));
	int64_t about = pairing_jid_id(pairing, name);

	learn(pairing, e,
	      (struct known){.kind = KNOWN_LIST,
			     .about = about,
			     .subject = name,
			     .object = TEXT_NONE,
			     .value = list,
			     .name = TEXT_NONE});
	learn(pairing, e,
	      (struct known){.kind = KNOWN_ROSTER,
			     .about = pairing_jid_id(pairing, account->bare),
			     .related = about,
			     .subject = account->bare,
			     .object = name,
			     .value = TEXT_NONE,
			     .name = TEXT_NONE});
}

static void know_push(struct pairing *pairing, const struct effective *e, const struct jid *account,
		      const struct roster_item *item)
{
	struct jid contact;

	if (!parse_known(pairing, item->jid, pairing->arena, &contact))
		return;
	learn(pairing, e,
	      (struct known){.kind = KNOWN_PUSH,
			     .about = pairing_jid_id(pairing, account->bare),
			     .subject = account->bare,
			     .object = contact.full,
			     .value = item->subscription.p ? item->subscription : TEXT("none"),
			     .name = TEXT_NONE});
}

// What a server writes to one of its clients. Somebody else's list is not believed (RFC 6121 2.1.6).
static void know_contacts(struct pairing *pairing, const struct effective *e)
{
	const struct stanza *stanza = e->stanza;
	struct text to = e->seen->session.p ? e->seen->session : stanza->to;
	struct jid account;

	if (e->dir != DIR_OUT || !to.p || !parse_known(pairing, to, pairing->arena, &account) ||
	    !is_own(pairing, stanza->from, &account))
		return;
	if (!stanza->known->roster_push)
		know_roster(pairing, e, &account);
	for (size_t i = 0; stanza->known->roster_push && i < stanza->known->item_count; i++)
		know_push(pairing, e, &account, &stanza->known->items[i]);
}

// --- blocks (0191) ---

static void know_block(struct pairing *pairing, const struct effective *e,
		       const struct jid *account, enum known_kind kind, struct text object)
{
	learn(pairing, e,
	      (struct known){.kind = kind,
			     .about = pairing_jid_id(pairing, account->bare),
			     .subject = account->bare,
			     .object = object,
			     .value = TEXT_NONE,
			     .name = TEXT_NONE});
}

static void know_blocks(struct pairing *pairing, const struct effective *e)
{
	const struct stanza_known *known = e->stanza->known;
	struct text from = e->seen->session.p ? e->seen->session : e->stanza->from;
	struct jid account, item;

	if (e->dir != DIR_IN || !from.p || !parse_known(pairing, from, pairing->arena, &account) ||
	    !is_own(pairing, e->stanza->to, &account))
		return;
	if (known->block == BLOCK_REMOVE && !known->blocked_count)
		know_block(pairing, e, &account, KNOWN_UNBLOCK_ALL, TEXT_NONE);
	for (size_t i = 0; i < known->blocked_count; i++)
		if (parse_known(pairing, known->blocked[i], pairing->arena, &item))
			know_block(pairing, e, &account,
				   known->block == BLOCK_ADD ? KNOWN_BLOCK : KNOWN_UNBLOCK,
				   item.full);
}

void know_stanza(struct pairing *pairing, const struct effective *e)
{
	const struct stanza_known *known = e->stanza->known;

	if (!known)
		return;
	if (known->has_caps || known->has_disco || known->has_version)
		know_device(pairing, e);
	if (known->has_roster)
		know_contacts(pairing, e);
	if (known->block)
		know_blocks(pairing, e);
}

// --- archives (E4) ---

// Only what the account's own archive gives to a device of it: nobody else can say what it has seen.
void know_archived(struct pairing *pairing, const struct effective *e)
{
	const struct stanza *inner = e->stanza->inner;
	struct jid from, to;

	if (!e->has_device || !e->device.resource.p || !inner || inner->kind != STANZA_MESSAGE ||
	    inner->type == TYPE_GROUPCHAT || !inner->id.n ||
	    !text_same(e->from.bare, e->device.bare))
		return;
	if (!parse_known(pairing, inner->from.p ? inner->from : e->device.bare, pairing->arena,
			 &from) ||
	    !parse_known(pairing, inner->to.p ? inner->to : e->device.bare, pairing->arena, &to))
		return;
	struct text s = jid_party(&from, pairing->rules), r = jid_party(&to, pairing->rules);
	learn(pairing, e,
	      (struct known){.kind = KNOWN_ARCHIVED,
			     .about = pairing_jid_id(pairing, e->device.full),
			     .subject = e->device.full,
			     .object = TEXT_NONE,
			     .value = TEXT_NONE,
			     .name = TEXT_NONE,
			     .conv = pairing_conv(pairing, s, r),
			     .key = message_key(pairing, s, r, inner->id)});
}
