// SPDX-License-Identifier: Apache-2.0
// Types of settings that reports alone have.
#include "core/arena.h"
#include "core/settings_table.h"

static bool parse_word(const char *text, void *field, const char *const *words, struct err *err,
		       const char *what)
{
	for (; *words; words++) {
		if (strcmp(*words, text) == 0) {
			*(char **)field = xstrdup(text);
			return true;
		}
	}
	return err_set(err, ERR_USAGE, "%s is expected", what);
}

static bool parse_language(const struct setting_row *row, const char *text, void *field,
			   struct err *err)
{
	static const char *const words[] = {"en", "zh", NULL};
	(void)row;
	return parse_word(text, field, words, err, "en or zh");
}

static bool parse_people(const struct setting_row *row, const char *text, void *field,
			 struct err *err)
{
	static const char *const words[] = {"names", "pseudonyms", "none", NULL};
	(void)row;
	return parse_word(text, field, words, err, "names, pseudonyms or none");
}

static bool is_clock(const char *text)
{
	if (strlen(text) != 5 || strspn(text, "0123456789:") != 5 || text[2] != ':' ||
	    strchr(text, ':') != text + 2 || strchr(text + 3, ':'))
		return false;
	int hour = (text[0] - '0') * 10 + text[1] - '0',
	    minute = (text[3] - '0') * 10 + text[4] - '0';
	return hour < 24 && minute < 60;
}

static bool parse_clock(const struct setting_row *row, const char *text, void *field,
			struct err *err)
{
	(void)row;
	if (*text && !is_clock(text))
		return err_set(err, ERR_USAGE, "a time of day is expected, as 00:30, or \"\"");
	*(char **)field = *text ? xstrdup(text) : NULL;
	return true;
}

const struct setting_type setting_clock = {"hh:mm", parse_clock, true, false};
const struct setting_type setting_language = {"en|zh", parse_language, true, false};
const struct setting_type setting_people = {"names|pseudonyms|none", parse_people, true, false};
