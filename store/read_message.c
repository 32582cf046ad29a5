// SPDX-License-Identifier: Apache-2.0
// One message: all evidence about it, where it stands, and what breaks a rule. Its rows are read as those
// of its conversation with its key (message_filter).
#include "core/keyed.h"
#include "pairing/jid.h"
#include "store/read_messages.h"

#include <stdio.h>

// --- evidence ---

struct ack_sink {
	void *self;
	bool (*each)(void *self, const struct message_ack *ack);
};

static bool take_ack(void *self, const struct rows *rows)
{
	const struct ack_sink *sink = self;
	int via = (int)row_int(rows, 0, 8);
	struct message_ack ack = {
		.kind = (enum evidence_kind)row_int(rows, 0, 0),
		.class_ = (enum evidence_class)row_int(rows, 0, 1),
		.n = (int32_t)row_int(rows, 0, 2),
		.by = row_text(rows, 0, 3),
		.to = row_text(rows, 0, 4),
		.own_id = row_text(rows, 0, 5),
		.ref = row_text(rows, 0, 6),
		.condition = row_text(rows, 0, 7),
		.via = via ? (enum via)(VIA_PRIVATE + via - 1) : VIA_NONE,
		.seen = (unsigned)row_int(rows, 0, 9),
		.first = row_usec(rows, 0, 10),
		.last = row_usec(rows, 0, 11),
		.out_at = row_usec(rows, 0, 12),
		.position = row_int(rows, 0, 13),
		.of_key = row_bool(rows, 0, 14),
		.real = row_text(rows, 0, 15),
	};
	return sink->each(sink->self, &ack);
}

static bool load_realms(struct store *store, struct known_realms *realms, struct err *err)
{
	return known_realms_load(store, 0, realms, err);
}

// What names the id of this message: its sender's, or of the room that it was sent to.
static void put_abouts(struct fields *params, const struct known_realms *realms, const char *realm,
		       const struct row *row)
{
	FIELDS_AUTO list = {0};
	struct pairing *hashes =
		pairing_new(&(struct pairing_options){.realm = text_of(realm), .key = realms->key});
	if (row->id.p) {
		put_int8(&list, pairing_sent(hashes, row->from, row->id));
		if (row->class_ == CLASS_GROUP)
			put_int8(&list, pairing_sent(hashes, row->to, row->id));
	}
	pairing_free(hashes);
	put_array(params, OF_INT8, &list);
}

bool store_message_acks(struct store *store, const char *realm, const struct row *row,
			int64_t limit, void *self,
			bool (*each)(void *self, const struct message_ack *ack), struct err *err)
{
	struct ack_sink sink = {self, each};
	struct known_realms realms = {0};
	FIELDS_AUTO params = {0};
	if (!load_realms(store, &realms, err))
		return false;
	put_int8(&params, row->conv);
	put_int8(&params, row->key);
	put_abouts(&params, &realms, realm, row);
	put_int8(&params, limit);
	known_realms_free(&realms);
	return sql_each(store, "message_acks", &params, &sink, take_ack, err);
}

// --- findings ---

// PAIRING section 8: those that stand on one line alone (key 0) and name its id, or the id that it
// acknowledges.
static const char *const line_rules[] = {
	"ACK-BODY",         "ACK-NO-ID",    "CARBON-FORGED", "CARBON-PRIVATE",
	"CS-CONTENT-STATE", "CS-EXTRA",     "CS-GC-GONE",    "CS-MULTI",
	"CS-TYPE",          "DELAY-FUTURE", "DELAY-SPOOF",   "STORE-TYPE",
	"HINT-NOCOPY-BARE", "REQ-IN-ACK",   "STANZAID-DUP",  "STANZAID-SPOOF"};

enum { CULPRITS = 7 };

static struct text device_of(struct arena *arena, struct text jid, struct text resource)
{
	return arena_printf(arena, "%.*s/%.*s", (int)jid.n, jid.p, (int)resource.n, resource.p);
}

// Who can have broken a rule with it, or with an answer to it.
static size_t culprits_of(const struct row *row, struct arena *arena, struct text list[CULPRITS])
{
	const struct evidence *acks[] = {row->receipt, row->marker};
	size_t count = 0;
	if (row->from_resource.p)
		list[count++] = device_of(arena, row->from, row->from_resource);
	for (int i = 0; i < 2; i++)
		if (acks[i] && acks[i]->by_resource.p)
			list[count++] = device_of(arena, row->to, acks[i]->by_resource);
	list[count++] = row->from;
	list[count++] = row->to;
	list[count++] = party_domain(row->from);
	list[count++] = party_domain(row->to);
	return count;
}

// As plan_element(): such a finding is found by what it says, because nothing leads from a message to it.
static void put_elements(struct fields *params, const struct hash_key *key, int32_t realm,
			 const struct row *row)
{
	FIELDS_AUTO list = {0};
	char number[16];
	int n = snprintf(number, sizeof number, "%d", (int)realm);
	struct arena *arena = arena_new();
	struct text culprits[CULPRITS];
	size_t count = culprits_of(row, arena, culprits);
	for (size_t i = 0; row->id.p && i < sizeof line_rules / sizeof *line_rules; i++)
		for (size_t j = 0; j < count; j++)
			put_int8(&list, KEYED(key, TEXT("finding"), {number, (size_t)n},
					      text_of(line_rules[i]), culprits[j], row->id));
	arena_free(arena);
	put_array(params, OF_INT8, &list);
}

struct finding_sink {
	void *self;
	bool (*each)(void *self, const struct stored_finding *finding);
};

static bool take_finding(void *self, const struct rows *rows)
{
	const struct finding_sink *sink = self;
	struct stored_finding finding = finding_of(rows);
	return sink->each(sink->self, &finding);
}

bool store_message_findings(struct store *store, const char *realm,
			    const struct finding_filter *filter, const struct row *row, void *self,
			    bool (*each)(void *self, const struct stored_finding *finding),
			    struct err *err)
{
	struct finding_sink sink = {self, each};
	struct known_realms realms = {0};
	FIELDS_AUTO params = {0};
	if (!load_realms(store, &realms, err))
		return false;
	put_int8(&params, row->conv);
	put_int8(&params, row->key);
	put_elements(&params, &realms.key, filter->realm, row);
	put_abouts(&params, &realms, realm, row);
	put_safe(&params, row->id);
	known_realms_free(&realms);
	return sql_each(store, "message_findings", &params, &sink, take_finding, err) &&
	       store_judged_findings(store, filter, row, self, each, err);
}

// --- positions ---

struct place_sink {
	void *self;
	bool (*each)(void *self, int32_t generation, const struct generation_place *place);
};

static bool take_place(void *self, const struct rows *rows)
{
	const struct place_sink *sink = self;
	struct generation_place place = {row_text(rows, 0, 1), row_text(rows, 0, 2)};
	return sink->each(sink->self, (int32_t)row_int(rows, 0, 0), &place);
}

bool store_generation_places(struct store *store, const int32_t *generations, size_t count,
			     void *self,
			     bool (*each)(void *self, int32_t generation,
					  const struct generation_place *place),
			     struct err *err)
{
	struct place_sink sink = {self, each};
	FIELDS_AUTO list = {0};
	FIELDS_AUTO params = {0};
	for (size_t i = 0; i < count; i++)
		put_int4(&list, generations[i]);
	put_array(&params, OF_INT4, &list);
	return sql_each(store, "generation_places", &params, &sink, take_place, err);
}
