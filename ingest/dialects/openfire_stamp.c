// SPDX-License-Identifier: Apache-2.0
// The forms of the audit log's stamps, in the order of their age, as patterns:
//     m month's name or number   n month's number   d day   y year   w weekday   z zone
//     h hour of 12   H hour of 24   M minute   S second   L milliseconds   a half of the day
// Names are those that Java gives the server's languages, with its own data (to Java 8) and with
// CLDR's; no name means two months, so the language need not be known.
#include "ingest/dialects/openfire_audit.h"

static const struct {
	const char *pattern;
	usec_t step;
} forms[] = {
	{"m d, y h:M:S:L a", 1000},       // from Wildfire 3.2.4
	{"m d, y h:M:S a", USEC_PER_SEC}, // Wildfire 2.5 to 3.1: a medium date in some language
	{"d m y H:M:S", USEC_PER_SEC},     {"d-m-y H:M:S", USEC_PER_SEC},
	{"d.n.y H:M:S", USEC_PER_SEC},     {"d/n/y H:M:S", USEC_PER_SEC},
	{"y-n-d H:M:S", USEC_PER_SEC},     {"y/n/d H:M:S", USEC_PER_SEC},
	{"w m d H:M:S z y", USEC_PER_SEC}, // to Wildfire 2.4: Date.toString(), always English
};

static const char *const months[] = {
	" Jan Jan. jan jan. janv. ene sty led Led янв янв. січ. 1月 一月 1 ",
	" Feb Feb. feb feb. fev fev. févr. lut úno Úno фев февр. лют. 2月 二月 2 ",
	" Mar mar mar. März Mär mars mrt mrt. bře Bře мар мар. бер. 3月 三月 3 ",
	" Apr Apr. apr apr. abr abr. avr. kwi dub Dub апр апр. квіт. 4月 四月 4 ",
	" May may Mai mai mai. mei maj máj kvě Kvě мая трав. 5月 五月 5 ",
	" Jun jun jun. Juni juin cze čvn Čer jún июн июн. черв. 6月 六月 6 ",
	" Jul jul jul. Juli juil. lip čvc Čvc júl июл июл. лип. 7月 七月 7 ",
	" Aug Aug. aug aug. ago ago. août sie srp Srp авг авг. серп. 8月 八月 8 ",
	" Sep Sept Sept. sep sep. sept sept. set set. wrz zář Zář сен сент. вер. 9月 九月 9 ",
	" Oct oct oct. Okt Okt. okt okt. out out. paź říj Říj окт окт. жовт. 10月 十月 10 ",
	" Nov Nov. nov nov. lis Lis ноя нояб. лист. 11月 十一月 11 ",
	" Dec dec dec. Dez Dez. dez dez. dic déc. gru pro Pro дек дек. груд. 12月 十二月 12 ",
};

static const struct {
	const char *name;
	int hours;
} halves[] = {
	{"AM", 0},        {"PM", 12},    {"上午", 0},  {"下午", 12},        {"午前", 0},
	{"午後", 12},     {"a.m.", 0},   {"p.m.", 12}, {"a.\xc2\xa0m.", 0}, {"p.\xc2\xa0m.", 12},
	{"a. m.", 0},     {"p. m.", 12}, {"dop.", 0},  {"odp.", 12},        {"da manhã", 0},
	{"da tarde", 12}, {"дп", 0},     {"пп", 12},
};

struct reading {
	struct text rest;
	struct audit_time time;
	int half;
	bool clock12;
};

static struct text take_word(struct text *rest, char end)
{
	size_t n = 0;
	while (n < rest->n && (!end || rest->p[n] != end))
		n++;
	struct text word = {rest->p, n};
	*rest = (struct text){rest->p + n, rest->n - n};
	return word;
}

// The first names, that most servers write, are looked at first.
static int month_of(const char *word, size_t size)
{
	for (int i = 0; i < 12; i++)
		if (strncmp(months[i], word, size) == 0)
			return i + 1;
	for (int i = 0; i < 12; i++)
		if (strstr(months[i], word))
			return i + 1;
	return 0;
}

static bool take_month(struct reading *r, char end)
{
	char word[24] = " ";
	struct text name = take_word(&r->rest, end);
	if (!name.n || name.n > sizeof word - 3 || memchr(name.p, ' ', name.n))
		return false;
	memcpy(word + 1, name.p, name.n);
	word[name.n + 1] = ' ';
	r->time.civil.month = month_of(word, name.n + 2);
	return r->time.civil.month > 0;
}

static bool take_half(struct reading *r, char end)
{
	struct text name = take_word(&r->rest, end);
	for (size_t i = 0; i < sizeof halves / sizeof *halves; i++)
		if (text_is(name, halves[i].name)) {
			r->half = halves[i].hours;
			return true;
		}
	return false;
}

static int take_digits(struct text *rest, size_t most)
{
	int value = 0;
	size_t n = 0;
	while (n < most && n < rest->n && rest->p[n] >= '0' && rest->p[n] <= '9')
		value = value * 10 + (rest->p[n++] - '0');
	*rest = (struct text){rest->p + n, rest->n - n};
	return n ? value : -1;
}

// "UTC", "GMT", "GMT+08:00" say it; of "CST" the setting knows more.
static bool take_zone(struct reading *r, char end)
{
	struct text name = take_word(&r->rest, end);
	r->time.has_offset = text_is(name, "UTC") || text_starts(name, "GMT");
	struct text rest = name.n > 3 ? (struct text){name.p + 3, name.n - 3} : TEXT("");
	if (!r->time.has_offset || !rest.n)
		return name.n > 0;
	int sign = rest.p[0] == '-' ? -1 : 1;
	rest = (struct text){rest.p + 1, rest.n - 1};
	int hours = take_digits(&rest, 2);
	rest = rest.n ? (struct text){rest.p + 1, rest.n - 1} : rest;
	int minutes = take_digits(&rest, 2);
	r->time.offset = sign * (hours * 3600 + (minutes > 0 ? minutes : 0) * 60);
	return hours >= 0 && !rest.n;
}

static bool take_number(struct reading *r, char what)
{
	struct civil *c = &r->time.civil;
	struct {
		char what;
		int *to;
	} const table[] = {{'n', &c->month},  {'d', &c->day},   {'y', &c->year},
			   {'h', &c->hour},   {'H', &c->hour},  {'M', &c->minute},
			   {'S', &c->second}, {'L', &c->micros}};
	r->clock12 |= what == 'h';
	for (size_t i = 0; i < sizeof table / sizeof *table; i++)
		if (table[i].what == what) {
			*table[i].to = take_digits(&r->rest, what == 'y' ? 4 : what == 'L' ? 3 : 2);
			return *table[i].to >= 0;
		}
	return false;
}

static bool take(struct reading *r, char what, char end)
{
	switch (what) {
	case 'm':
		return take_month(r, end);
	case 'a':
		return take_half(r, end);
	case 'z':
		return take_zone(r, end);
	case 'w':
		return take_word(&r->rest, end).n == 3;
	default:
		return take_number(r, what);
	}
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool matches(struct reading *r, const char *pattern)
{
	for (const char *at = pattern; *at; at++) {
		if (is_letter(*at)) {
			if (!take(r, *at, at[1]))
				return false;
			continue;
		}
		if (!r->rest.n || r->rest.p[0] != *at)
			return false;
		r->rest = (struct text){r->rest.p + 1, r->rest.n - 1};
	}
	return !r->rest.n;
}

bool audit_stamp(struct text stamp, struct audit_time *time)
{
	for (size_t i = 0; stamp.n && i < sizeof forms / sizeof *forms; i++) {
		struct reading r = {.rest = stamp, .time = {.step = forms[i].step}};
		struct civil *c = &r.time.civil;
		if (!matches(&r, forms[i].pattern))
			continue;
		if (r.clock12 && (c->hour < 1 || c->hour > 12))
			return false;
		if (r.clock12)
			c->hour = c->hour % 12 + r.half;
		c->micros *= 1000;
		if (!civil_valid(c))
			return false;
		*time = r.time;
		return true;
	}
	return false;
}
