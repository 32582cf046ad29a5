// SPDX-License-Identifier: Apache-2.0
// The segments of a spool as files: finding, ending, making and removing them.
#ifndef INGEST_SPOOL_FILES_H
#define INGEST_SPOOL_FILES_H

#include "ingest/spool_memory.h"

// Makes the folder; false: ERR_STORAGE.
bool spool_folder_make(const char *dir, struct err *err);
// The folder is this process's as long as the descriptor is open. -1: another one has it (ERR_USAGE), ERR_STORAGE.
int spool_folder_lock(const char *dir, struct err *err);
// Bytes of all segments; *newest: highest number, 0 = none.
int64_t spool_folder_size(const char *dir, uint64_t *newest);
// Reads the newest segment into memory, cuts off what is not whole and marks the rest as counting. A
// segment that was abandoned is left as it is.
bool spool_folder_recover(const char *dir, uint64_t newest, struct spool_memory *memory,
			  struct log *log, struct err *err);
// A new file that begins with these bytes; both are durable before it has its name. -1: errno.
int spool_segment_make(const char *dir, uint64_t number, struct text head);
// Writes all or says why not (errno).
bool spool_write_all(int fd, struct text bytes);
void spool_segment_path(const char *dir, uint64_t number, char *path, size_t size);

#endif
