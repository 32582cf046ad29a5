// SPDX-License-Identifier: Apache-2.0
// Judges all rows and evidence by all facts, as a reader of the database does.
#include "pairing/audit.h"
#include "tests/vectors/memory.h"

#include <stdlib.h>

static void take_finding(void *self, const struct finding *finding)
{
	struct memory *memory = self;

	memory->findings =
		xrealloc(memory->findings, (memory->finding_count + 1) * sizeof(*memory->findings));
	memory->findings[memory->finding_count++] = *finding;
}

// One fact may have come in several batches: their union is one.
static void learn_once(const struct memory *memory, size_t i, struct audit *audit)
{
	struct known fact = memory->known[i];

	for (size_t j = 0; j < memory->known_count; j++) {
		const struct known *other = &memory->known[j];
		if (other->element != fact.element)
			continue;
		if (j < i)
			return;
		fact.first = other->first < fact.first ? other->first : fact.first;
		fact.last = other->last > fact.last ? other->last : fact.last;
	}
	audit_learn(audit, &fact);
}

static const struct row *row_of(const struct memory *memory, const struct stored_evidence *stored)
{
	for (size_t i = 0; i < memory->row_count; i++)
		if (memory->rows[i].conv == stored->conv && memory->rows[i].key == stored->key &&
		    memory->rows[i].n == stored->evidence.n)
			return &memory->rows[i];
	return NULL;
}

void memory_audit(struct memory *memory, const struct vector *vector)
{
	if (!memory->batch_count)
		return;
	memory->audit = audit_new(&(struct audit_options){.hashes = memory->batches[0],
							  .now = vector->now,
							  .t_expire = vector->rules.t_expire,
							  .self = memory,
							  .found = take_finding});
	for (size_t i = 0; i < memory->known_count; i++)
		learn_once(memory, i, memory->audit);
	audit_ready(memory->audit);
	for (size_t i = 0; i < memory->row_count; i++) {
		audit_plain_acks(memory->audit, &memory->rows[i]);
		audit_silence(memory->audit, &memory->rows[i]);
	}
	for (size_t i = 0; i < memory->evidence_count; i++)
		audit_evidence(memory->audit, &memory->evidence[i],
			       row_of(memory, &memory->evidence[i]));
}
