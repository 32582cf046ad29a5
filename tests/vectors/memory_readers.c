// SPDX-License-Identifier: Apache-2.0
// Readers and receivers of room messages (PAIRING P12) from the lists in memory.
#include "tests/vectors/memory.h"

#include "pairing/readers.h"

#include <stdlib.h>

static bool is_of_room(const struct stored_evidence *stored, int64_t conv)
{
	return stored->conv == conv && stored->evidence.leg != LEG_DIRECT &&
	       stored->evidence.kind <= EV_XE_DISPLAYED;
}

static const struct row *target_of(const struct memory *memory,
				   const struct stored_evidence *stored)
{
	for (size_t i = 0; i < memory->row_count; i++)
		if (memory->rows[i].key == stored->key && memory->rows[i].n == stored->evidence.n &&
		    stored->evidence.class_ == ACK_PAIRED)
			return &memory->rows[i];
	return NULL;
}

static size_t acks_of(const struct memory *memory, int64_t conv, struct room_ack *acks,
		      bool *mirrored)
{
	size_t count = 0;

	*mirrored = false;
	for (size_t i = 0; i < memory->evidence_count; i++) {
		const struct stored_evidence *stored = &memory->evidence[i];
		if (!is_of_room(stored, conv))
			continue;
		*mirrored = *mirrored || stored->evidence.leg == LEG_MIRROR;
		const struct row *target = target_of(memory, stored);
		if (target)
			acks[count++] = (struct room_ack){target, stored->by, &stored->evidence};
	}
	return count;
}

static void put_people(json_t *object, const char *name, const struct reader *list, size_t count,
		       bool displayed)
{
	json_t *people = json_object();

	for (size_t i = 0; i < count; i++) {
		usec_t at = displayed ? list[i].displayed : list[i].received;
		char *who = xcalloc(list[i].who.n + 1, 1);
		memcpy(who, list[i].who.p, list[i].who.n);
		json_put_usec(people, who, at, 6);
		free(who);
	}
	if (json_object_size(people))
		json_object_set(object, name, people);
	json_decref(people);
}

void memory_readers(const struct memory *memory, const struct row *row, const struct vector *vector,
		    json_t *object)
{
	struct room_ack *acks = xcalloc(memory->evidence_count + 1, sizeof(*acks));
	struct reader *list = xcalloc(memory->evidence_count + 1, sizeof(*list));
	bool mirrored;
	size_t count = acks_of(memory, row->conv, acks, &mirrored);
	size_t found = readers_of(&vector->rules, row, acks, count, mirrored, list);

	put_people(object, "readers", list, found, true);
	put_people(object, "receivers", list, found, false);
	free(acks);
	free(list);
}
