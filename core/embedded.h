// SPDX-License-Identifier: Apache-2.0
// Files that are part of the program. The tables are made at build time by tools/embed.sh, sorted by
// name (byte order); every content is followed by a NUL that its size does not count.
#ifndef CORE_EMBEDDED_H
#define CORE_EMBEDDED_H

#include <stddef.h>

struct sql_file { // store/sql/<name>.sql
	const char *name;
	const char *text;
};
extern const struct sql_file sql_files[];
extern const size_t sql_file_count;

struct migration_file {   // migrations/<name>.sql
	const char *name; // "0001_facts"
	const char *text;
	size_t length;
};
extern const struct migration_file migration_files[];
extern const size_t migration_file_count;

struct asset_file {       // api/web/<name> and docs/openapi.yaml
	const char *name; // "index.html", "openapi.yaml"
	const unsigned char *bytes;
	size_t size;
};
extern const struct asset_file asset_files[];
extern const size_t asset_file_count;

#endif
