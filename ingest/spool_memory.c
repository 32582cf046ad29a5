// SPDX-License-Identifier: Apache-2.0
#include "ingest/spool_memory.h"

#include "core/arena.h"

#include <stdlib.h>

void spool_memory_init(struct spool_memory *memory)
{
	*memory = (struct spool_memory){.last_at = USEC_NONE};
}

void spool_memory_free(struct spool_memory *memory)
{
	free(memory->seen);
	map_free(&memory->index);
	for (size_t i = 0; i < memory->stream_count; i++)
		free(memory->streams[i].name);
	free(memory->streams);
}

// ---- ids of deliveries

const struct seen *spool_memory_find(const struct spool_memory *memory, uint64_t hash)
{
	uintptr_t place = (uintptr_t)map_get(&memory->index, (int64_t)hash);
	return place ? &memory->seen[place - 1] : NULL;
}

static void index_all(struct spool_memory *memory)
{
	map_clear(&memory->index);
	for (size_t i = 0; i < memory->seen_count; i++)
		*map_put(&memory->index, (int64_t)memory->seen[i].hash) =
			(void *)(uintptr_t)(i + 1);
}

// The oldest go: half of them at a time, so that this is rare.
static void forget_old(struct spool_memory *memory, usec_t now)
{
	size_t from = 0, count = memory->seen_count;
	if (count > SPOOL_REMEMBER_MOST)
		from = count - SPOOL_REMEMBER_MOST / 2;
	while (from < count && memory->seen[from].at < now - SPOOL_REMEMBER)
		from++;
	if (!from)
		return;
	memory->seen_count = count - from;
	memmove(memory->seen, memory->seen + from, memory->seen_count * sizeof *memory->seen);
	index_all(memory);
}

void spool_memory_add(struct spool_memory *memory, const struct seen *seen)
{
	if (memory->seen_count >= SPOOL_REMEMBER_MOST)
		forget_old(memory, seen->at);
	if (memory->seen_count == memory->seen_cap) {
		memory->seen_cap = memory->seen_cap ? memory->seen_cap * 2 : 64;
		memory->seen = xrealloc(memory->seen, memory->seen_cap * sizeof *memory->seen);
	}
	memory->seen[memory->seen_count++] = *seen;
	*map_put(&memory->index, (int64_t)seen->hash) = (void *)(uintptr_t)memory->seen_count;
}

// ---- streams

struct spool_stream *spool_memory_stream(struct spool_memory *memory, struct text name)
{
	name = name.p ? name : TEXT("");
	for (size_t i = 0; i < memory->stream_count; i++)
		if (text_is(name, memory->streams[i].name))
			return &memory->streams[i];
	size_t count = ++memory->stream_count;
	memory->streams = xrealloc(memory->streams, count * sizeof *memory->streams);
	char *copy = xcalloc(1, name.n + 1);
	if (name.n)
		memcpy(copy, name.p, name.n);
	memory->streams[count - 1] = (struct spool_stream){.name = copy};
	return &memory->streams[count - 1];
}

void spool_memory_newest(struct spool_memory *memory, usec_t at)
{
	if (memory->last_at == USEC_NONE || at > memory->last_at)
		memory->last_at = at;
}

void spool_memory_durable(struct spool_memory *memory, uint64_t ticket)
{
	for (size_t i = 0; i < memory->stream_count; i++)
		if (memory->streams[i].ticket <= ticket)
			memory->streams[i].durable = memory->streams[i].taken;
}

void spool_memory_undo(struct spool_memory *memory, uint64_t ticket)
{
	while (memory->seen_count && memory->seen[memory->seen_count - 1].ticket > ticket)
		memory->seen_count--;
	index_all(memory);
	for (size_t i = 0; i < memory->stream_count; i++)
		memory->streams[i].taken = memory->streams[i].durable;
}

// ---- at the head of a segment

void spool_memory_write(struct spool_memory *memory, usec_t now, size_t most, struct buf *payload)
{
	forget_old(memory, now);
	for (size_t i = memory->seen_count > most ? memory->seen_count - most : 0;
	     i < memory->seen_count; i++)
		spool_delivery_write(payload, memory->seen[i].hash, memory->seen[i].at);
	for (size_t i = 0; i < memory->stream_count; i++)
		spool_stream_write(payload, text_of(memory->streams[i].name),
				   memory->streams[i].durable);
	if (memory->last_at != USEC_NONE)
		spool_last_write(payload, memory->last_at);
}

static void load_entry(struct spool_memory *memory, const struct spool_entry *entry)
{
	if (entry->what == IS_STREAM) {
		struct spool_stream *stream = spool_memory_stream(memory, entry->stream);
		if (entry->number > stream->taken)
			stream->taken = stream->durable = entry->number;
	} else if (entry->what == IS_DELIVERY) {
		if (!spool_memory_find(memory, entry->delivery))
			spool_memory_add(memory,
					 &(struct seen){entry->delivery, entry->item.at, 0});
	} else if (entry->what == IS_LAST || entry->what == IS_STANZA) {
		spool_memory_newest(memory, entry->item.at);
	}
}

void spool_memory_load(struct spool_memory *memory, const struct spool_block *block, usec_t now)
{
	struct text rest = block->payload;
	struct spool_entry entry;
	while (spool_entry_read(block->payload, &rest, &entry))
		load_entry(memory, &entry);
	if (block->delivery && !spool_memory_find(memory, block->delivery))
		spool_memory_add(memory, &(struct seen){block->delivery, now, 0});
}
