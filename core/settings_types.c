// SPDX-License-Identifier: Apache-2.0
// One parser per type of setting. Each takes text, so the file and --set cannot differ.
#include "core/arena.h"
#include "core/log.h"
#include "core/settings_table.h"

#include <stdlib.h>

static bool parse_string(const struct setting_row *row, const char *text, void *field,
			 struct err *err)
{
	(void)row, (void)err;
	*(char **)field = xstrdup(text);
	return true;
}

static bool parse_optional(const struct setting_row *row, const char *text, void *field,
			   struct err *err)
{
	(void)row, (void)err;
	*(char **)field = *text ? xstrdup(text) : NULL;
	return true;
}

static bool parse_zone(const struct setting_row *row, const char *text, void *field,
		       struct err *err)
{
	struct zone *zone = *text ? zone_open(text, err) : NULL;
	if (*text && !zone)
		return false;
	zone_free(zone);
	return parse_optional(row, text, field, err);
}

static bool parse_level(const struct setting_row *row, const char *text, void *field,
			struct err *err)
{
	enum log_level level;
	if (!log_level_parse(text, &level))
		return err_set(err, ERR_USAGE, "one of error, warn, info, debug is expected");
	return parse_string(row, text, field, err);
}

static bool parse_bodies(const struct setting_row *row, const char *text, void *field,
			 struct err *err)
{
	static const char *const names[] = {
		[BODIES_FULL] = "full", [BODIES_HMAC] = "hmac", [BODIES_NONE] = "none"};
	(void)row;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		if (strcmp(text, names[i]) == 0) {
			*(enum bodies_mode *)field = (enum bodies_mode)i;
			return true;
		}
	}
	return err_set(err, ERR_USAGE, "one of full, hmac, none is expected");
}

static bool parse_switch(const struct setting_row *row, const char *text, void *field,
			 struct err *err)
{
	static const struct {
		const char *name;
		bool value;
	} names[] = {{"true", true},   {"yes", true}, {"on", true},
		     {"false", false}, {"no", false}, {"off", false}};
	(void)row;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		if (strcmp(text, names[i].name) == 0) {
			*(bool *)field = names[i].value;
			return true;
		}
	}
	return err_set(err, ERR_USAGE, "true or false is expected");
}

// Digits only, so that "0x10", " 5" and "5e3" mean nothing. Moves *text behind them.
static bool take_digits(const char **text, int64_t *number)
{
	const char *first = *text;
	*number = 0;
	for (; **text >= '0' && **text <= '9'; (*text)++) {
		if (__builtin_mul_overflow(*number, 10, number) ||
		    __builtin_add_overflow(*number, **text - '0', number))
			return false;
	}
	return *text > first;
}

static bool parse_port(const struct setting_row *row, const char *text, void *field,
		       struct err *err)
{
	int64_t number;
	(void)row;
	if (!take_digits(&text, &number) || *text || number > 65535)
		return err_set(err, ERR_USAGE, "a port from 0 to 65535 is expected");
	*(int *)field = (int)number;
	return true;
}

static bool parse_count(const struct setting_row *row, const char *text, void *field,
			struct err *err)
{
	int64_t number;
	(void)row;
	if (!take_digits(&text, &number) || *text || number < 1)
		return err_set(err, ERR_USAGE, "a whole number from 1 on is expected");
	*(int64_t *)field = number;
	return true;
}

static bool parse_rate(const struct setting_row *row, const char *text, void *field,
		       struct err *err)
{
	int64_t number;
	(void)row;
	if (!take_digits(&text, &number) || *text || number > 1000000)
		return err_set(err, ERR_USAGE, "a whole number is expected, or 0 for no limit");
	*(int64_t *)field = number;
	return true;
}

struct unit {
	const char *name;
	int64_t factor;
};

static bool take_unit(const char *text, const struct unit *units, size_t count, int64_t *number)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(text, units[i].name) == 0)
			return !__builtin_mul_overflow(*number, units[i].factor, number);
	}
	return false;
}

static bool parse_size(const struct setting_row *row, const char *text, void *field,
		       struct err *err)
{
	static const struct unit units[] = {
		{"", 1},          {"kB", 1000},     {"MB", 1000000},  {"GB", 1000000000},
		{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30},
	};
	int64_t number;
	(void)row;
	if (!take_digits(&text, &number) || number < 1 ||
	    !take_unit(text, units, sizeof units / sizeof *units, &number))
		return err_set(err, ERR_USAGE, "bytes are expected, as 64MB or 64MiB");
	*(int64_t *)field = number;
	return true;
}

static bool parse_days(const struct setting_row *row, const char *text, void *field,
		       struct err *err)
{
	int64_t number;
	(void)row;
	if (!take_digits(&text, &number) || *text || number > 36500)
		return err_set(err, ERR_USAGE,
			       "a number of days from 1 to 36500 is expected, or 0 for off");
	*(int64_t *)field = number;
	return true;
}

static bool parse_limit(const struct setting_row *row, const char *text, void *field,
			struct err *err)
{
	if (strcmp(text, "0") != 0)
		return parse_size(row, text, field, err);
	*(int64_t *)field = 0;
	return true;
}

// ".25" as microseconds; more digits than six would be lost silently, so they are refused.
static bool take_micros(const char **text, int64_t *micros)
{
	*micros = 0;
	if (**text != '.')
		return true;
	int64_t scale = USEC_PER_SEC;
	for ((*text)++; **text >= '0' && **text <= '9'; (*text)++) {
		scale /= 10;
		if (scale == 0)
			return false;
		*micros += (**text - '0') * scale;
	}
	return scale < USEC_PER_SEC;
}

static bool parse_duration(const struct setting_row *row, const char *text, void *field,
			   struct err *err)
{
	// A fraction is given in millionths of the unit: the factor is per unit and exact.
	static const struct unit units[] = {
		{"", USEC_PER_SEC},
		{"us", 1},
		{"ms", 1000},
		{"s", USEC_PER_SEC},
		{"min", 60 * USEC_PER_SEC},
		{"h", 3600 * USEC_PER_SEC},
		{"d", USEC_PER_DAY},
		{"w", 7 * USEC_PER_DAY},
	};
	const size_t count = sizeof units / sizeof *units;
	int64_t whole, fraction;
	(void)row;
	if (!take_digits(&text, &whole) || !take_micros(&text, &fraction) ||
	    !take_unit(text, units, count, &whole) || !take_unit(text, units, count, &fraction) ||
	    __builtin_add_overflow(whole, fraction / USEC_PER_SEC, &whole))
		return err_set(err, ERR_USAGE,
			       "a duration is expected, as 250ms, 5s, 10min, 24h or 7d");
	*(usec_t *)field = whole;
	return true;
}

static bool parse_item(const struct setting_row *row, const char *text, void *field,
		       struct err *err)
{
	(void)row;
	if (!*text)
		return err_set(err, ERR_USAGE, "an item of the list is empty");
	string_list_add(field, text_of(text));
	return true;
}

const struct setting_type setting_string = {"text", parse_string, true, false};
const struct setting_type setting_optional = {"text", parse_optional, true, false};
const struct setting_type setting_port = {"port", parse_port, false, false};
const struct setting_type setting_switch = {"true|false", parse_switch, false, false};
const struct setting_type setting_count = {"number", parse_count, false, false};
const struct setting_type setting_rate = {"number", parse_rate, false, false};
const struct setting_type setting_size = {"bytes", parse_size, false, false};
const struct setting_type setting_days = {"days", parse_days, false, false};
const struct setting_type setting_limit = {"bytes", parse_limit, false, false};
const struct setting_type setting_duration = {"duration", parse_duration, false, false};
const struct setting_type setting_zone = {"zone", parse_zone, true, false};
const struct setting_type setting_level = {"level", parse_level, true, false};
const struct setting_type setting_bodies = {"full|hmac|none", parse_bodies, false, false};
const struct setting_type setting_list = {"list", parse_item, false, true};

bool setting_check(const struct setting_row *row, const char *text, struct err *err)
{
	union {
		char *string;
		int64_t number;
		int port;
		bool flag;
		enum bodies_mode bodies;
		struct string_list list;
	} scratch = {.list = {NULL, 0}};
	bool good = row->type->parse(row, text, &scratch, err);
	if (good && row->type->owns_string)
		free(scratch.string);
	if (good && row->type->is_list)
		string_list_free(&scratch.list);
	return good;
}

bool setting_assign(const struct setting_row *row, const char *text, struct settings *settings,
		    struct err *err)
{
	void *field = setting_field(row, settings);
	char *old = row->type->owns_string ? *(char **)field : NULL;
	if (!row->type->parse(row, text, field, err))
		return err_wrap(err, "%s", row->name);
	free(old);
	return true;
}
