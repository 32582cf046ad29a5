// SPDX-License-Identifier: Apache-2.0
// Inside of core/settings*.c: the one table that parsing, --set, --help, the sample file and the
// JSON of a realm come from.
#ifndef CORE_SETTINGS_TABLE_H
#define CORE_SETTINGS_TABLE_H

#include "core/settings.h"

struct setting_row;

// Reads text into *field (the member at row->offset), or says in err what would be good.
typedef bool setting_parse_fn(const struct setting_row *row, const char *text, void *field,
			      struct err *err);

struct setting_type {
	const char *name; // as --help shows it
	setting_parse_fn *parse;
	bool owns_string; // *field is a char * that is freed
	bool is_list;     // *field is a struct string_list; parse adds one item
};

extern const struct setting_type setting_string;   // any text
extern const struct setting_type setting_optional; // any text, "" = not set (NULL)
extern const struct setting_type setting_port;     // int
extern const struct setting_type setting_switch;   // bool
extern const struct setting_type setting_count;    // int64_t, at least 1
extern const struct setting_type setting_rate;     // int64_t, 0 = off
extern const struct setting_type setting_size;     // int64_t, bytes
extern const struct setting_type setting_days;     // int64_t, 0 = off
extern const struct setting_type setting_limit;    // int64_t, bytes, 0 = off
extern const struct setting_type setting_duration; // usec_t
extern const struct setting_type setting_zone;     // char *, "" = NULL, else it can be opened
extern const struct setting_type setting_level;    // char *, a log level
extern const struct setting_type setting_bodies;   // enum bodies_mode
extern const struct setting_type setting_list;     // struct string_list
// What reports take (settings_report.c), all char *:
extern const struct setting_type setting_clock, setting_language, setting_people;
extern const struct setting_type setting_feed; // enum feed_kind
// Keys of a private acknowledgement (private_ack.c), all char *:
extern const struct setting_type setting_path, setting_namespace, setting_carrier, setting_meaning,
	setting_place;

struct setting_row {
	const char *name;
	const struct setting_type *type;
	const char *preset; // the default as text; NULL = none
	const char *help;
	size_t offset; // in struct settings
	bool of_realm; // a member of settings.rules: travels as JSON
};

extern const struct setting_row setting_rows[];
extern const size_t setting_row_count;

// Keys of the section "ack"; offset is that in struct private_ack.
extern const struct setting_row private_ack_rows[];
extern const size_t private_ack_row_count;

// Keys of the section "feed"; offset is that in struct feed_setting (settings_feed.c).
extern const struct setting_row feed_rows[];
extern const size_t feed_row_count;
// Are the values of a feed such that it can work? Texts of the section have been taken.
bool feed_check(const struct feed_setting *feed, struct err *err);
void feed_setting_free(struct feed_setting *feed);

const struct setting_row *setting_find(const char *name, size_t length); // NULL when unknown

static inline void *setting_field(const struct setting_row *row, struct settings *settings)
{
	return (char *)settings + row->offset;
}

// parse() into a place that is thrown away: is the text good?
bool setting_check(const struct setting_row *row, const char *text, struct err *err);
// parse() into the settings; an owned string that was there is freed.
bool setting_assign(const struct setting_row *row, const char *text, struct settings *settings,
		    struct err *err);

// Reads the configuration file over the defaults that are in *settings (settings_file.c).
bool settings_file_read(const char *path, struct settings *settings, struct err *err);

#endif
