// SPDX-License-Identifier: Apache-2.0
// Which copy of a message is this (formats: Openfire 1.5)? The server writes the one that it read
// before those that it writes, a few milliseconds apart and byte for byte the same, so the first one
// stands on the sender's stream. The last second of a log is kept for that, across restarts too.
#include "ingest/dialects/openfire_streams.h"

#include "core/mix.h"

#include <inttypes.h>
#include <stdio.h>

enum { WINDOW = 1000000, BLIND = 300000, SAVED = 64 };

static unsigned char *count_of(struct sightings *sightings, uint64_t hash)
{
	return &sightings->counts[hash >> 32 & (SIGHTING_PLACES - 1)];
}

// In the place of the oldest one.
static void put(struct sightings *sightings, const struct sighting *one)
{
	struct sighting *place = &sightings->ring[sightings->next];
	if (place->at)
		--*count_of(sightings, place->hash);
	*place = *one;
	if (place->at)
		++*count_of(sightings, place->hash);
	sightings->next = (sightings->next + 1) % SIGHTINGS;
}

// The oldest one of the window with these bytes.
static const struct sighting *oldest(struct sightings *sightings, const struct audit_entry *e)
{
	if (!*count_of(sightings, e->hash))
		return NULL;
	for (size_t i = 0; i < SIGHTINGS; i++) {
		const struct sighting *one = &sightings->ring[(sightings->next + i) % SIGHTINGS];
		if (one->hash == e->hash && one->at != 0 && e->at - one->at <= WINDOW)
			return one;
	}
	return NULL;
}

enum audit_copy sightings_see(struct sightings *sightings, const struct audit_entry *e)
{
	uint64_t stream = e->stream.n ? mix_text(0, e->stream) : 0;
	if (e->kind != AUDIT_MESSAGE || e->at == USEC_NONE)
		return AUDIT_COPY_UNKNOWN;
	if (!sightings->begun)
		sightings->begun = e->at;
	const struct sighting *first = oldest(sightings, e);
	enum audit_copy copy = first && first->stream != stream ? AUDIT_COPY_AGAIN
			       : e->at - sightings->begun < BLIND && !first
				       ? AUDIT_COPY_UNKNOWN // the first one may be before the log
				       : AUDIT_COPY_FIRST;
	put(sightings, &(struct sighting){e->offset, e->at, e->hash, stream});
	sightings->changed = true;
	return copy;
}

// Those that a restart at low does not read again.
void sightings_save(struct sightings *sightings, uint64_t low, struct buf *out)
{
	size_t from = SIGHTINGS, count = 0;
	while (from && count < SAVED)
		count += sightings->ring[(sightings->next + --from) % SIGHTINGS].offset < low;
	buf_printf(out, "%" PRId64, sightings->begun);
	for (; from < SIGHTINGS; from++) {
		const struct sighting *one = &sightings->ring[(sightings->next + from) % SIGHTINGS];
		if (one->at && one->offset < low)
			buf_printf(out, " %" PRId64 ":%" PRIx64 ":%" PRIx64, one->at, one->hash,
				   one->stream);
	}
	sightings->changed = false;
	sightings->saved_low = low;
}

void sightings_load(struct sightings *sightings, struct text saved)
{
	char copy[SAVED * 64 + 32];
	int used = 0;
	struct sighting one = {0};
	if (!saved.n || saved.n >= sizeof copy)
		return;
	memcpy(copy, saved.p, saved.n);
	copy[saved.n] = 0;
	if (sscanf(copy, "%" SCNd64 "%n", &sightings->begun, &used) != 1)
		return;
	for (const char *at = copy + used; sscanf(at, " %" SCNd64 ":%" SCNx64 ":%" SCNx64 "%n",
						  &one.at, &one.hash, &one.stream, &used) == 3;
	     at += used)
		put(sightings, &one);
}
