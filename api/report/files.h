// SPDX-License-Identifier: Apache-2.0
// Files of a report in their folder: never half a file under its name, never over or through what somebody
// else put there (F165, F197), readable by owner and group only (F196).
#ifndef API_REPORT_FILES_H
#define API_REPORT_FILES_H

#include "core/buf.h"
#include "core/err.h"

struct out_file {
	char *name; // owned, made by file_name
	struct text bytes;
	bool waits; // its temporary file is there, complete and durable
};

// Makes the folder if there is none. -1: err, ERR_STORAGE.
int files_open(const char *folder, struct err *err);
// Under temporary names. What is there under its name already with these bytes is left alone; with others, or as
// something else than a file: ERR_STORAGE.
bool files_prepare(int folder, struct out_file *files, size_t count, struct err *err);
bool files_publish(int folder, struct out_file *files, size_t count, struct err *err);
// What runs before this one left, of whoever holds the lock of reports (F202).
void files_tidy(int folder);
void files_drop(int folder, struct out_file *files, size_t count); // temporary ones that are left
// A file that is made anew each time; what it replaces must be a file.
bool files_replace(int folder, const char *name, struct text bytes, struct err *err);

// Appends a part of a name: letters, digits, "-", "_" and "+" as they are, "/" as "~", all other bytes as =XX, so
// that nothing leads out of the folder and no two texts have one name (F198).
void file_name_part(struct buf *name, const char *text);

#endif
