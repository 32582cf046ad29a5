// SPDX-License-Identifier: Apache-2.0
// Memory that is freed all at once: one arena per stanza or per batch. Pointers stay valid until
// reset or free. Allocation failure ends the process with status 70 (FAULTS F174): there is no
// half-built batch to save, and everything that matters is in the database or in the log.
#ifndef CORE_ARENA_H
#define CORE_ARENA_H

#include "core/text.h"

struct arena;

struct arena *arena_new(void);
void arena_free(struct arena *arena);         // NULL is fine
void arena_reset(struct arena *arena);        // keeps one chunk for the next round
size_t arena_used(const struct arena *arena); // bytes handed out since the last reset

void *arena_alloc(struct arena *arena, size_t size); // zeroed, aligned for any type
// The block, made by this function (or NULL, of size 0), with room for more; what is new is not cleared.
// It may move: nobody else may point into it.
void *arena_grow(struct arena *arena, void *block, size_t size, size_t bigger);
char *arena_zstr(struct arena *arena, struct text text); // NUL-terminated copy; NULL for absent
struct text arena_text(struct arena *arena, struct text text); // copy; absent stays absent
struct text arena_printf(struct arena *arena, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

// malloc family that cannot return NULL (ends the process as above).
void *xcalloc(size_t count, size_t size);
void *xrealloc(void *pointer, size_t size);
char *xstrdup(const char *zstr); // NULL gives NULL

// Large blocks are given back to the system when they are freed, not kept for later: a batch that needed
// much would make the process large for ever. Once, at the start of the program.
void memory_is_given_back(void);

#endif
