// SPDX-License-Identifier: Apache-2.0
#include "core/mix.h"
#include "pairing/sequence.h"
#include "pairing/workset.h"

#include <stdlib.h>

enum { LARGE = 256, RECENT_ENTRIES = 1 << 14 };

void list_room(struct arena *arena, void **items, size_t *cap, size_t count, size_t size)
{
	if (count == *cap) {
		size_t first = size > LARGE ? 1 : 2; // most keys have one incarnation
		size_t more = *cap ? *cap * 2 : first;
		*items = arena_grow(arena, *items, *cap * size, more * size);
		*cap = more;
	}
	memset((char *)*items + count * size, 0, size);
}

// Domains of the settings are compared with normalised ones (J2); what is no domain stays as it is.
static void normalise(struct string_list *domains, struct arena *arena)
{
	struct jid jid;

	for (size_t i = 0; i < domains->count; i++) {
		if (!jid_parse(text_of(domains->items[i]), arena, &jid))
			continue;
		char *normal = xcalloc(1, jid.full.n + 1);
		memcpy(normal, jid.full.p, jid.full.n);
		free(domains->items[i]);
		domains->items[i] = normal;
	}
}

static struct realm_settings *own_rules(const struct realm_settings *rules, struct arena *arena)
{
	struct realm_settings *own = xcalloc(1, sizeof(*own));

	if (!rules) { // only its hashes are wanted
		realm_settings_default(own);
		return own;
	}
	realm_settings_copy(own, rules);
	normalise(&own->muc_domains, arena);
	for (size_t i = 0; i < own->wrapper_count; i++)
		normalise(&own->wrappers[i].domains, arena);
	return own;
}

struct pairing *pairing_new(const struct pairing_options *options)
{
	struct pairing *pairing = xcalloc(1, sizeof(*pairing));

	pairing->arena = arena_new();
	pairing->rules = own_rules(options->rules, pairing->arena);
	char *realm = xcalloc(1, options->realm.n + 1);
	memcpy(realm, options->realm.p, options->realm.n);
	pairing->realm = (struct text){realm, options->realm.n};
	pairing->key = options->key;
	pairing->privacy = options->privacy;
	pairing->bodies = options->bodies;
	pairing->is_erased = options->is_erased;
	pairing->erased = options->erased;
	return pairing;
}

struct map *entry_map(struct pairing *pairing)
{
	struct map *map = arena_alloc(pairing->arena, sizeof(*map));

	*LIST_ADD(pairing->arena, &pairing->entry_maps) = map;
	return map;
}

static void free_entry_maps(struct pairing *pairing)
{
	for (size_t i = 0; i < pairing->entry_maps.count; i++)
		map_free(pairing->entry_maps.items[i]);
}

void pairing_free(struct pairing *pairing)
{
	if (!pairing)
		return;
	buf_free(&pairing->tie);
	free(pairing->recent);
	map_free(&pairing->jids);
	free_entry_maps(pairing);
	free_passing(pairing);
	map_free(&pairing->entries);
	map_free(&pairing->conversations);
	map_free(&pairing->sent);
	map_free(&pairing->sent_asked);
	map_free(&pairing->orphans_asked);
	map_free(&pairing->keys_asked);
	map_free(&pairing->markers);
	map_free(&pairing->line_finding_seen);
	map_free(&pairing->known_seen);
	arena_free(pairing->arena);
	realm_settings_free(pairing->rules);
	free(pairing->rules);
	free((void *)(uintptr_t)pairing->realm.p);
	free(pairing);
}

void pairing_reset(struct pairing *pairing)
{
	free_entry_maps(pairing);
	free_passing(pairing);
	struct pairing empty = {
		.rules = pairing->rules,
		.realm = pairing->realm,
		.key = pairing->key,
		.privacy = pairing->privacy,
		.bodies = pairing->bodies,
		.is_erased = pairing->is_erased,
		.erased = pairing->erased,
		.arena = pairing->arena,
		.tie = pairing->tie,
		.recent = pairing->recent,
		.jids = pairing->jids,
		.entries = pairing->entries,
		.conversations = pairing->conversations,
		.sent = pairing->sent,
		.sent_asked = pairing->sent_asked,
		.orphans_asked = pairing->orphans_asked,
		.keys_asked = pairing->keys_asked,
		.markers = pairing->markers,
		.line_finding_seen = pairing->line_finding_seen,
		.known_seen = pairing->known_seen,
	};
	empty.jump_count = pairing->jump_count;
	memcpy(empty.jumps, pairing->jumps, sizeof empty.jumps);
	*pairing = empty;
	if (pairing->recent)
		memset(pairing->recent, 0, RECENT_ENTRIES * sizeof(*pairing->recent));
	map_clear(&pairing->jids);
	map_clear(&pairing->entries);
	map_clear(&pairing->conversations);
	map_clear(&pairing->sent);
	map_clear(&pairing->sent_asked);
	map_clear(&pairing->orphans_asked);
	map_clear(&pairing->keys_asked);
	map_clear(&pairing->markers);
	map_clear(&pairing->line_finding_seen);
	map_clear(&pairing->known_seen);
	arena_reset(pairing->arena);
}

size_t pairing_bytes(const struct pairing *pairing)
{
	return arena_used(pairing->arena);
}

const int64_t *pairing_line_counts(const struct pairing *pairing)
{
	return pairing->lines;
}

// --- hashes ---

int64_t pairing_jid_id(const struct pairing *pairing, struct text jid)
{
	return KEYED(&pairing->key, TEXT("jid"), jid);
}

int64_t pairing_conv(const struct pairing *pairing, struct text a, struct text b)
{
	bool swap = text_compare(a, b) > 0;
	return KEYED(&pairing->key, TEXT("conv"), pairing->realm, swap ? b : a, swap ? a : b);
}

int64_t pairing_room(const struct pairing *pairing, struct text room)
{
	return KEYED(&pairing->key, TEXT("room"), pairing->realm, room);
}

int64_t sent_hash(const struct pairing *pairing, struct text sender, struct text id)
{
	return KEYED(&pairing->key, TEXT("sent"), pairing->realm, sender, id);
}

int64_t pairing_sent(const struct pairing *pairing, struct text sender, struct text id)
{
	return sent_hash(pairing, sender, id);
}

int64_t entry_sent(const struct pairing *pairing, struct entry *entry)
{
	if (!entry->sent)
		entry->sent = sent_hash(pairing, entry->s, entry->id);
	return entry->sent;
}

int64_t evidence_sent(const struct pairing *pairing, const struct entry *entry, struct evidence *ev)
{
	if (ev->borrowed) // from another entry, whose R is another
		return sent_hash(pairing, entry->r, ev->own_id);
	if (!ev->own_sent)
		ev->own_sent = sent_hash(pairing, entry->r, ev->own_id);
	return ev->own_sent;
}

int64_t waiting_hash(const struct pairing *pairing, struct text sender, struct text id)
{
	return sent_hash(pairing, jid_without_resource(sender), id);
}

// --- entries ---

struct conversation *conversation_get(struct pairing *pairing, int64_t conv)
{
	void **place = map_put(&pairing->conversations, conv);
	if (!*place) {
		struct conversation *made = arena_alloc(pairing->arena, sizeof(*made));
		made->id = conv;
		made->judge_from = made->since_lo = INT64_MAX;
		const struct marks_span none = {
			.lo = INT64_MAX, .hi = INT64_MIN, .since = INT64_MAX};
		made->window = (struct marks_window){none, none};
		made->room_lo = INT64_MAX;
		made->room_hi = INT64_MIN;
		*place = made;
	}
	return *place;
}

struct entry *entry_get(struct pairing *pairing, int64_t conv, int64_t key, struct text s,
			struct text r, struct text id, bool group)
{
	void **place = map_put(&pairing->entries, key);
	if (*place)
		return *place;
	struct entry *entry = arena_alloc(pairing->arena, sizeof(*entry));
	*place = entry;
	entry->conv = conv;
	entry->key = key;
	entry->s = s;
	entry->r = r;
	entry->id = arena_text(pairing->arena, id);
	entry->group = group;
	entry->lo = entry->reach_lo = INT64_MAX;
	entry->hi = entry->reach_hi = INT64_MIN;
	struct conversation *conversation = conversation_get(pairing, conv);
	entry->home = conversation;
	entry->next_in_conv = conversation->entries;
	conversation->entries = entry;
	*LIST_ADD(pairing->arena, &pairing->order) = entry;
	return entry;
}

// M1: key (S, R, id). The realm is in it: keys are unique in the whole database.
int64_t message_key(const struct pairing *pairing, struct text s, struct text r, struct text id)
{
	return KEYED(&pairing->key, TEXT("message"), pairing->realm, s, r, id);
}

// What is said of a message follows it soon: its key need not be hashed again. Texts of addresses are
// shared (jid_cache.c), so where they stand tells most of them apart.
static struct entry **recent_place(struct pairing *pairing, struct text s, struct text r,
				   struct text id)
{
	if (!pairing->recent) // who wants hashes alone needs none
		pairing->recent = xcalloc(RECENT_ENTRIES, sizeof(*pairing->recent));
	uint64_t hash = mix(mix(s.n, (uintptr_t)s.p), (uintptr_t)r.p);
	return &pairing->recent[mix_text(hash, id) & (RECENT_ENTRIES - 1)];
}

static bool is_of(const struct entry *entry, struct text s, struct text r, struct text id)
{
	return text_same(entry->id, id) && text_same(entry->s, s) && text_same(entry->r, r);
}

struct entry *entry_for_message(struct pairing *pairing, struct text s, struct text r,
				struct text id)
{
	struct entry **recent = recent_place(pairing, s, r, id);
	if (*recent && is_of(*recent, s, r, id))
		return *recent;
	int64_t key = message_key(pairing, s, r, id);
	struct entry *known = map_get(&pairing->entries, key);
	if (!known)
		known = entry_get(pairing, pairing_conv(pairing, s, r), key, s, r, id, false);
	return *recent = known;
}

// M6: key (room, id), no recipient.
int64_t group_key(const struct pairing *pairing, struct text room, struct text id)
{
	return KEYED(&pairing->key, TEXT("group"), pairing->realm, room, id);
}

struct entry *entry_for_group(struct pairing *pairing, struct text room, struct text id)
{
	int64_t key = group_key(pairing, room, id);
	return entry_get(pairing, pairing_room(pairing, room), key, TEXT_NONE, room, id, true);
}

struct entry *uploads_without_id(struct pairing *pairing, struct text room, bool make)
{
	int64_t key = group_key(pairing, room, TEXT_NONE);
	struct entry *entry = map_get(&pairing->entries, key);
	return entry || !make ? entry : entry_for_group(pairing, room, TEXT_NONE);
}

int64_t given_key(const struct pairing *pairing, struct text account, struct text id)
{
	return KEYED(&pairing->key, TEXT("given"), pairing->realm, account, id);
}

struct entry *entry_for_given_id(struct pairing *pairing, struct text account, struct text id)
{
	int64_t conv = KEYED(&pairing->key, TEXT("given"), pairing->realm, account);
	int64_t key = given_key(pairing, account, id);
	return entry_get(pairing, conv, key, account, account, id, false);
}

struct entry *entry_for_fault(struct pairing *pairing, struct text room, struct text rule,
			      int64_t sig)
{
	struct text bytes = {(const char *)&sig, sizeof(sig)};
	int64_t key = KEYED(&pairing->key, TEXT("fault"), pairing->realm, room, rule, bytes);
	struct entry *entry = entry_get(pairing, pairing_room(pairing, room), key, TEXT_NONE, room,
					TEXT_NONE, true);
	entry->fault = true;
	return entry;
}

// --- findings ---

static struct text or_empty(struct text text)
{
	return text.p ? text : TEXT("");
}

void line_finding(struct pairing *pairing, const char *rule, struct text by, struct text ref,
		  usec_t at, position_t position)
{
	int64_t element = KEYED(&pairing->key, text_of(rule), by, or_empty(ref));
	void **place = map_put(&pairing->line_finding_seen, element);
	if (*place) {
		struct finding *seen = &pairing->line_findings.items[(uintptr_t)*place - 1];
		if (at < seen->at)
			seen->at = at;
		return;
	}
	struct finding *finding = LIST_ADD(pairing->arena, &pairing->line_findings);
	*place = (void *)(uintptr_t)pairing->line_findings.count;
	*finding = (struct finding){.rule = rule,
				    .by = arena_text(pairing->arena, by),
				    .ref = arena_text(pairing->arena, or_empty(ref)),
				    .at = at,
				    .position = position};
}

static int64_t finding_hash(const struct pairing *pairing, const struct finding *finding)
{
	int64_t at = finding->by_time ? finding->at : 0;
	struct text bytes = {(const char *)&at, sizeof(at)};

	return KEYED(&pairing->key, text_of(finding->rule), finding->by, finding->ref, bytes);
}

// A finding is an element of a set. An id with very many acks may have very many of them.
static bool is_found(struct pairing *pairing, struct entry *entry, const struct finding *finding)
{
	enum { FEW = 8 };

	for (size_t i = 0; i < entry->findings.count && i < FEW; i++) {
		const struct finding *seen = &entry->findings.items[i];
		if (!strcmp(seen->rule, finding->rule) && text_same(seen->by, finding->by) &&
		    text_same(seen->ref, finding->ref) &&
		    (!finding->by_time || seen->at == finding->at))
			return true;
	}
	if (entry->findings.count < FEW)
		return false;
	if (!entry->found)
		entry->found = entry_map(pairing);
	if (entry->findings.count == FEW)
		map_clear(entry->found);
	void **place = map_put(entry->found, finding_hash(pairing, finding));
	bool there = *place != NULL;
	*place = entry;
	return there;
}

void entry_finding(struct pairing *pairing, struct entry *entry, const char *rule, struct text by,
		   struct text ref, usec_t at, position_t position)
{
	struct finding finding = {.rule = rule,
				  .by = by,
				  .ref = or_empty(ref),
				  .conv = entry->conv,
				  .key = entry->key,
				  .at = at,
				  .by_time = !entry->id.p && !entry->fault,
				  .position = position};

	if (!is_found(pairing, entry, &finding))
		*LIST_ADD(pairing->arena, &entry->findings) = finding;
}

void pairing_line_findings(struct pairing *pairing, void *self,
			   void (*finding)(void *self, const struct finding *finding))
{
	for (size_t i = 0; i < pairing->line_findings.count; i++)
		finding(self, &pairing->line_findings.items[i]);
}

void pairing_party(const struct pairing *pairing, struct text full, struct text *party,
		   struct text *resource)
{
	sequence_party(full, pairing->rules, party, resource);
}

void pairing_chat_states(struct pairing *pairing, void *self,
			 void (*state)(void *self, const struct chat_state_seen *seen))
{
	for (size_t i = 0; i < pairing->chat_states.count; i++)
		state(self, &pairing->chat_states.items[i]);
}
