// SPDX-License-Identifier: Apache-2.0
#include "api/http/params.h"

#include "core/buf.h"
#include "pairing/jid.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistr.h>

bool param_problem_set(struct param_problem *problem, struct text name, const char *format, ...)
{
	size_t n = name.n < sizeof problem->name - 1 ? name.n : sizeof problem->name - 1;
	if (n > 0)
		memcpy(problem->name, name.p, n);
	problem->name[n] = '\0';
	va_list args;
	va_start(args, format);
	vsnprintf(problem->detail, sizeof problem->detail, format, args);
	va_end(args);
	return false;
}

// ---- decoding

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

// NULL or why not. %00 is refused here, before anybody can take it for the end of a string (F140).
static const char *decode(struct text in, struct arena *arena, struct text *out)
{
	char *to = arena_alloc(arena, in.n + 1);
	size_t n = 0;
	for (size_t i = 0; i < in.n; i++) {
		char c = in.p[i] == '+' ? ' ' : in.p[i];
		if (c == '%') {
			bool whole = in.n - i > 2;
			int high = whole ? hex_digit(in.p[i + 1]) : -1;
			int low = whole ? hex_digit(in.p[i + 2]) : -1;
			if (high < 0 || low < 0)
				return "has a broken percent escape";
			c = (char)(high * 16 + low);
			i += 2;
		}
		if (c == '\0')
			return "holds a NUL";
		to[n++] = c;
	}
	*out = (struct text){to, n};
	return u8_check((const uint8_t *)to, n) ? "is not UTF-8" : NULL;
}

// ---- types: each says what is wrong, NULL = nothing

typedef const char *param_reader(const struct param_spec *spec, struct arena *arena,
				 struct param *param);

static const char *read_text(const struct param_spec *spec, struct arena *arena,
			     struct param *param)
{
	(void)spec;
	(void)arena;
	(void)param;
	return NULL;
}

// Whoever guessed wrong is told what would do.
static const char *out_of_range(const struct param_spec *spec, struct arena *arena)
{
	struct text words =
		arena_printf(arena, "is out of range (%lld to %lld%s)", (long long)spec->min,
			     (long long)spec->max, spec->type == PARAM_LIMIT ? ", or all" : "");
	return arena_zstr(arena, words);
}

static const char *none_of(const char *const *words, struct arena *arena)
{
	struct buf list = {0};
	buf_zstr(&list, "is none of");
	for (size_t i = 0; words[i]; i++)
		buf_printf(&list, "%s%s", i > 0 ? ", " : " ", words[i]);
	char *text = arena_zstr(arena, buf_view(&list));
	buf_free(&list);
	return text;
}

static const char *read_number(const struct param_spec *spec, struct arena *arena,
			       struct param *param)
{
	int64_t number = 0;
	if (param->raw.n > 12)
		return out_of_range(spec, arena);
	for (size_t i = 0; i < param->raw.n; i++) {
		char c = param->raw.p[i];
		if (c < '0' || c > '9')
			return "is not a whole number";
		number = number * 10 + (c - '0');
	}
	param->number = number;
	return number < spec->min || number > spec->max ? out_of_range(spec, arena) : NULL;
}

static const char *read_limit(const struct param_spec *spec, struct arena *arena,
			      struct param *param)
{
	if (!text_is(param->raw, "all"))
		return read_number(spec, arena, param);
	param->number = 0;
	return NULL;
}

static const char *read_day(const struct param_spec *spec, struct arena *arena, struct param *param)
{
	(void)spec;
	char *text = arena_zstr(
		arena, arena_printf(arena, "%.*sT00:00:00Z", (int)param->raw.n, param->raw.p));
	usec_t at;
	if (param->raw.n != 10 || param->raw.p[4] != '-' || !usec_parse(text_of(text), &at))
		return "is not a day such as 2026-03-02";
	param->number = at;
	return NULL;
}

static const char *read_word(const struct param_spec *spec, struct arena *arena,
			     struct param *param)
{
	for (size_t i = 0; spec->words[i]; i++) {
		if (text_is(param->raw, spec->words[i])) {
			param->number = (int64_t)i;
			return NULL;
		}
	}
	return none_of(spec->words, arena);
}

// A "+" of an offset that was not escaped arrives as a blank: nothing else can follow a time.
static const char *read_time(const struct param_spec *spec, struct arena *arena,
			     struct param *param)
{
	(void)spec;
	char *copy = arena_zstr(arena, param->raw);
	for (size_t i = 19; i < param->raw.n; i++) {
		if (copy[i] == ' ')
			copy[i] = '+';
	}
	usec_t at;
	if (!usec_parse((struct text){copy, param->raw.n}, &at))
		return "is not an RFC 3339 date-time such as 2026-03-02T10:00:00Z";
	param->number = at;
	return NULL;
}

static const char *read_jid(const struct param_spec *spec, struct arena *arena, struct param *param)
{
	(void)spec;
	struct jid jid;
	if (!jid_parse(param->raw, arena, &jid))
		return "is not a JID";
	param->text = jid.full;
	return NULL;
}

static const char *read_domain(const struct param_spec *spec, struct arena *arena,
			       struct param *param)
{
	(void)spec;
	struct jid jid;
	if (!jid_parse(param->raw, arena, &jid) || jid.local.p || jid.resource.p)
		return "is not a domain";
	param->text = jid.domain;
	return NULL;
}

static bool zone_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       strchr("/_+-:", c);
}

// Names of files below the zone folder: no way out of it (F141).
static const char *read_zone(const struct param_spec *spec, struct arena *arena,
			     struct param *param)
{
	static const char problem[] = "is not a time zone such as Europe/Berlin or +05:30";
	(void)spec;
	char *name = arena_zstr(arena, param->raw);
	if (param->raw.n > 64 || name[0] == '/')
		return problem;
	if (name[0] == ' ') // "+05:30", unescaped
		name[0] = '+';
	for (size_t i = 0; i < param->raw.n; i++) {
		if (!zone_char(name[i]))
			return problem;
	}
	param->text = (struct text){name, param->raw.n};
	return NULL;
}

static param_reader *const readers[PARAM_TYPES] = {
	[PARAM_TEXT] = read_text, [PARAM_NUMBER] = read_number, [PARAM_WORD] = read_word,
	[PARAM_TIME] = read_time, [PARAM_JID] = read_jid,       [PARAM_DOMAIN] = read_domain,
	[PARAM_ZONE] = read_zone, [PARAM_LIMIT] = read_limit,   [PARAM_DAY] = read_day,
};

static bool read_value(const struct param_spec *spec, struct arena *arena, struct param *param,
		       struct param_problem *problem)
{
	struct text name = text_of(spec->name);
	if (param->raw.n == 0)
		return param_problem_set(problem, name, "%s is empty.", spec->name);
	if (param->raw.n > PARAM_MAX_LENGTH)
		return param_problem_set(problem, name, "%s is longer than %d bytes.", spec->name,
					 PARAM_MAX_LENGTH);
	param->text = param->raw;
	const char *wrong = readers[spec->type](spec, arena, param);
	return !wrong || param_problem_set(problem, name, "%s %s.", spec->name, wrong);
}

// ---- the query

static bool take_pair(struct text pair, const struct param_spec *specs, size_t count,
		      struct arena *arena, struct param *params, struct param_problem *problem)
{
	const char *equals = memchr(pair.p, '=', pair.n);
	size_t name_length = equals ? (size_t)(equals - pair.p) : pair.n;
	struct text name, value = TEXT("");
	const char *wrong = decode((struct text){pair.p, name_length}, arena, &name);
	if (wrong)
		return param_problem_set(problem, TEXT(""), "A parameter name %s.", wrong);
	size_t i = 0;
	while (i < count && !text_is(name, specs[i].name))
		i++;
	if (i == count)
		return param_problem_set(problem, name, "There is no such parameter here.");
	if (equals)
		wrong = decode((struct text){equals + 1, pair.n - name_length - 1}, arena, &value);
	if (wrong)
		return param_problem_set(problem, name, "%s %s.", specs[i].name, wrong);
	if (params[i].given)
		return param_problem_set(problem, name, "%s is given twice.", specs[i].name);
	params[i].given = true;
	params[i].raw = value;
	return true;
}

static bool split(struct text query, const struct param_spec *specs, size_t count,
		  struct arena *arena, struct param *params, struct param_problem *problem)
{
	size_t pairs = 0;
	while (query.n > 0) {
		const char *ampersand = memchr(query.p, '&', query.n);
		size_t n = ampersand ? (size_t)(ampersand - query.p) : query.n;
		if (++pairs > PARAM_MAX_COUNT)
			return param_problem_set(problem, TEXT(""), "More than %d parameters.",
						 PARAM_MAX_COUNT);
		if (n > 0 &&
		    !take_pair((struct text){query.p, n}, specs, count, arena, params, problem))
			return false;
		n += ampersand ? 1 : 0;
		query = (struct text){query.p + n, query.n - n};
	}
	return true;
}

bool params_parse(struct text query, const struct param_spec *specs, size_t count,
		  struct arena *arena, struct param *params, struct param_problem *problem)
{
	for (size_t i = 0; i < count; i++) {
		bool time = specs[i].type == PARAM_TIME || specs[i].type == PARAM_DAY;
		params[i] = (struct param){.number = time ? USEC_NONE : -1};
	}
	if (!split(query, specs, count, arena, params, problem))
		return false;
	for (size_t i = 0; i < count; i++) {
		if (!params[i].given)
			params[i].raw = text_of(specs[i].preset);
		if (params[i].raw.p && !read_value(&specs[i], arena, &params[i], problem))
			return false;
	}
	return true;
}
