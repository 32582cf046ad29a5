// SPDX-License-Identifier: Apache-2.0
#include "core/arena.h"

#include <stdalign.h>
#include <malloc.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { CHUNK_SIZE = 64 * 1024, LARGE = CHUNK_SIZE / 4 };

struct chunk {
	struct chunk *next, *previous; // of a block of its own: see arena_grow()
	size_t size;
	size_t used;
	alignas(max_align_t) char bytes[];
};

struct arena {
	struct chunk *chunks; // the one being filled is first
	size_t used;
};

// F174: a short write to standard error and out. Nothing here may allocate.
static _Noreturn void out_of_memory(void)
{
	static const char message[] = "receiptd: out of memory\n";
	ssize_t ignored = write(STDERR_FILENO, message, sizeof message - 1);
	(void)ignored;
	_exit(70);
}

void *xcalloc(size_t count, size_t size)
{
	void *pointer = calloc(count ? count : 1, size ? size : 1);
	if (!pointer)
		out_of_memory();
	return pointer;
}

void *xrealloc(void *pointer, size_t size)
{
	void *bigger = realloc(pointer, size ? size : 1);
	if (!bigger)
		out_of_memory();
	return bigger;
}

char *xstrdup(const char *zstr)
{
	if (!zstr)
		return NULL;
	char *copy = strdup(zstr);
	if (!copy)
		out_of_memory();
	return copy;
}

void memory_is_given_back(void)
{
#ifdef M_MMAP_THRESHOLD
	mallopt(M_MMAP_THRESHOLD, 128 * 1024); // set by hand it does not grow
#endif
}

static struct chunk *chunk_new(size_t size)
{
	// malloc, not calloc: arena_alloc clears what it hands out, so reset stays cheap.
	struct chunk *chunk = xrealloc(NULL, sizeof *chunk + size);
	*chunk = (struct chunk){NULL, NULL, size, 0};
	return chunk;
}

static void chunks_free(struct chunk *chunk)
{
	while (chunk) {
		struct chunk *next = chunk->next;
		free(chunk);
		chunk = next;
	}
}

struct arena *arena_new(void)
{
	struct arena *arena = xcalloc(1, sizeof *arena);
	arena->chunks = chunk_new(CHUNK_SIZE);
	return arena;
}

void arena_free(struct arena *arena)
{
	if (!arena)
		return;
	chunks_free(arena->chunks);
	free(arena);
}

// One chunk of ordinary size stays, so that one huge stanza does not pin its memory for ever.
void arena_reset(struct arena *arena)
{
	struct chunk *kept = NULL;
	while (arena->chunks) {
		struct chunk *chunk = arena->chunks;
		arena->chunks = chunk->next;
		if (!kept && chunk->size == CHUNK_SIZE)
			kept = chunk;
		else
			free(chunk);
	}
	arena->chunks = kept ? kept : chunk_new(CHUNK_SIZE);
	arena->chunks->next = arena->chunks->previous = NULL;
	arena->chunks->used = 0;
	arena->used = 0;
}

size_t arena_used(const struct arena *arena)
{
	return arena->used;
}

static void link_behind(struct chunk *first, struct chunk *chunk)
{
	chunk->next = first->next;
	chunk->previous = first;
	first->next = chunk;
	if (chunk->next)
		chunk->next->previous = chunk;
}

// Behind the current one, whose rest stays in use.
static struct chunk *own_chunk(struct arena *arena, size_t size)
{
	struct chunk *own = chunk_new(size);
	link_behind(arena->chunks, own);
	return own;
}

// A big request gets a chunk of its own.
static struct chunk *chunk_for(struct arena *arena, size_t size)
{
	struct chunk *current = arena->chunks;
	if (current->size - current->used >= size)
		return current;
	if (size > LARGE)
		return own_chunk(arena, size);
	struct chunk *fresh = chunk_new(CHUNK_SIZE);
	fresh->next = current;
	current->previous = fresh;
	arena->chunks = fresh;
	return fresh;
}

static size_t rounded(size_t size)
{
	const size_t align = alignof(max_align_t);
	if (size > SIZE_MAX / 2)
		out_of_memory();
	return (size + align - 1) / align * align;
}

static void *take(struct arena *arena, struct chunk *chunk, size_t size)
{
	void *memory = chunk->bytes + chunk->used;
	chunk->used += size;
	arena->used += size;
	return memory;
}

void *arena_alloc(struct arena *arena, size_t size)
{
	size = rounded(size);
	return memset(take(arena, chunk_for(arena, size), size), 0, size);
}

static void *grow_own(struct chunk *own, size_t size)
{
	struct chunk *previous = own->previous;
	struct chunk *bigger = xrealloc(own, sizeof *own + size);
	bigger->size = bigger->used = size;
	link_behind(previous, bigger);
	return bigger->bytes;
}

static struct chunk *chunk_of(void *block)
{
	return (struct chunk *)(void *)((char *)block - offsetof(struct chunk, bytes));
}

static void unlink_chunk(struct chunk *chunk)
{
	chunk->previous->next = chunk->next;
	if (chunk->next)
		chunk->next->previous = chunk->previous;
}

// What is large stands alone and is really freed when it moves; what is small and was handed out last
// grows where it stands.
void *arena_grow(struct arena *arena, void *block, size_t size, size_t bigger)
{
	struct chunk *current = arena->chunks;
	size = rounded(size);
	bigger = rounded(bigger);
	if (size > LARGE) {
		struct chunk *own = chunk_of(block);
		arena->used += bigger - size;
		unlink_chunk(own);
		return grow_own(own, bigger);
	}
	bool last = size && (char *)block + size == current->bytes + current->used;
	if (last && bigger <= LARGE && current->size - current->used >= bigger - size) {
		take(arena, current, bigger - size);
		return block;
	}
	struct chunk *chunk = bigger > LARGE ? own_chunk(arena, bigger) : chunk_for(arena, bigger);
	void *moved = take(arena, chunk, bigger);
	return size ? memcpy(moved, block, size) : moved;
}

char *arena_zstr(struct arena *arena, struct text text)
{
	if (!text.p)
		return NULL;
	char *copy = arena_alloc(arena, text.n + 1);
	if (text.n)
		memcpy(copy, text.p, text.n);
	return copy;
}

struct text arena_text(struct arena *arena, struct text text)
{
	return text.p ? (struct text){arena_zstr(arena, text), text.n} : TEXT_NONE;
}

struct text arena_printf(struct arena *arena, const char *format, ...)
{
	va_list args, again;
	va_start(args, format);
	va_copy(again, args);
	int n = vsnprintf(NULL, 0, format, args);
	va_end(args);
	size_t size = n < 0 ? 0 : (size_t)n;
	char *out = arena_alloc(arena, size + 1);
	vsnprintf(out, size + 1, format, again);
	va_end(again);
	return (struct text){out, size};
}
