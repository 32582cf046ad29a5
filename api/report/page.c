// SPDX-License-Identifier: Apache-2.0
#include "api/report/page.h"

#include "api/report/words.h"
#include "api/table.h"
#include "core/embedded.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#define NARROW_BLANK "\xe2\x80\xaf" // between groups of digits, before units
enum { TABLE_ROWS = 20 };           // that are printed; all of them are in JSON and CSV

#define DASH "\xe2\x80\x93"

const char *say(const struct page *page, const char *word)
{
	return word_in(page->language, word);
}

void page_raw(struct page *page, const char *format, ...)
{
	char text[2048];
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	buf_zstr(page->out, text);
}

// Control characters and marks that turn the direction of writing show as what they are (F199).
static bool is_hidden(const unsigned char *p, size_t left)
{
	if (*p < 0x20 || *p == 0x7f)
		return true;
	return left >= 3 && p[0] == 0xe2 &&
	       ((p[1] == 0x80 &&
		 ((p[2] >= 0x8e && p[2] <= 0x8f) || (p[2] >= 0xa8 && p[2] <= 0xae))) ||
		(p[1] == 0x81 && p[2] >= 0xa6 && p[2] <= 0xa9));
}

void page_text(struct page *page, struct text text)
{
	for (size_t i = 0; i < text.n; i++) {
		const unsigned char *p = (const unsigned char *)text.p + i;
		if (is_hidden(p, text.n - i)) {
			buf_zstr(page->out, "\xef\xbf\xbd");
			i += *p == 0xe2 ? 2 : 0;
		} else if (strchr("<>&\"'", *p)) {
			buf_printf(page->out, "&#%d;", *p);
		} else {
			buf_char(page->out, (char)*p);
		}
	}
}

void page_zstr(struct page *page, const char *text)
{
	page_text(page, text_of(text ? text : ""));
}

void page_word(struct page *page, const char *word)
{
	page_zstr(page, say(page, word));
}

const json_t *page_member(const json_t *value, const char *path)
{
	const char *dot;
	while (value && (dot = strchr(path, '.'))) {
		value = json_object_getn(value, path, (size_t)(dot - path));
		path = dot + 1;
	}
	return value ? json_object_get(value, path) : NULL;
}

void page_style(struct page *page)
{
	for (size_t i = 0; i < asset_file_count; i++) {
		if (strcmp(asset_files[i].name, "api/report/report.css") == 0)
			buf_add(page->out, asset_files[i].bytes, asset_files[i].size);
	}
}

// ---- values as people read them

static void put_count(struct page *page, json_int_t number)
{
	char digits[32];
	int n = snprintf(digits, sizeof digits, "%lld", (long long)number);
	for (int i = 0; i < n; i++) {
		bool group = i > 0 && (n - i) % 3 == 0 && digits[i - 1] != '-';
		buf_printf(page->out, "%s%c", group ? NARROW_BLANK : "", digits[i]);
	}
}

// Rounded down: 100 % is said only where nothing is missing.
static void put_rate(struct page *page, double rate)
{
	buf_printf(page->out, "%.2f" NARROW_BLANK "%%", floor(rate * 10000 + 1e-9) / 100);
}

static void put_ms(struct page *page, json_int_t ms)
{
	if (ms < 1000)
		buf_printf(page->out, "%lld" NARROW_BLANK "ms", (long long)ms);
	else if (ms < 60000)
		buf_printf(page->out, "%.1f" NARROW_BLANK "s", (double)ms / 1000);
	else if (ms < 3600000)
		buf_printf(page->out, "%lld" NARROW_BLANK "min %lld" NARROW_BLANK "s",
			   (long long)(ms / 60000), (long long)(ms / 1000 % 60));
	else
		buf_printf(page->out, "%lld" NARROW_BLANK "h %lld" NARROW_BLANK "min",
			   (long long)(ms / 3600000), (long long)(ms / 60000 % 60));
}

static void put_time(struct page *page, const json_t *value)
{
	usec_t at;
	struct civil civil;
	if (!usec_parse((struct text){json_string_value(value), json_string_length(value)}, &at)) {
		page_zstr(page, json_string_value(value));
		return;
	}
	zone_to_civil(page->zone, at, &civil);
	page_raw(page, "<time datetime=\"%s\">%04d-%02d-%02d %02d:%02d:%02d</time>",
		 json_string_value(value), civil.year, civil.month, civil.day, civil.hour,
		 civil.minute, civil.second);
}

static void put_number(struct page *page, const char *path, const json_t *value, enum show show)
{
	buf_zstr(page->out, "<data value=\"");
	table_json(page->out, value);
	buf_zstr(page->out, "\" data-figure=\"");
	page_zstr(page, path);
	buf_zstr(page->out, "\">");
	if (show == SHOW_RATE)
		put_rate(page, json_number_value(value));
	else if (show == SHOW_MS && json_is_integer(value))
		put_ms(page, json_integer_value(value));
	else if (json_is_integer(value))
		put_count(page, json_integer_value(value));
	else
		table_json(page->out, value);
	buf_zstr(page->out, "</data>");
}

// Words of a list one after the other.
static void put_list(struct page *page, const json_t *list, enum show show)
{
	size_t i;
	json_t *item;
	json_array_foreach((json_t *)list, i, item) {
		buf_zstr(page->out, i ? ", " : "");
		page_value(page, "", item, show);
	}
	if (!json_array_size(list))
		buf_zstr(page->out, DASH);
}

void page_value(struct page *page, const char *path, const json_t *value, enum show show)
{
	if (json_is_number(value)) {
		put_number(page, path, value, show);
	} else if (json_is_boolean(value)) {
		page_word(page, json_is_true(value) ? "yes" : "no");
	} else if (json_is_array(value)) {
		put_list(page, value, show);
	} else if (json_is_string(value) && show == SHOW_TIME) {
		put_time(page, value);
	} else if (json_is_string(value) && show == SHOW_WORD) {
		page_word(page, json_string_value(value));
	} else if (json_is_string(value)) {
		page_text(page, (struct text){json_string_value(value), json_string_length(value)});
	} else {
		buf_zstr(page->out, DASH);
	}
}

void page_figure(struct page *page, const char *path, enum show show)
{
	page_value(page, path, page_member(page->document, path), show);
}

// ---- sections, tables

void page_section(struct page *page, const char *id, const char *title)
{
	page_raw(page, "<section id=\"%s\"><h2>", id);
	page_word(page, title);
	buf_zstr(page->out, "</h2>\n");
}

void page_section_end(struct page *page)
{
	buf_zstr(page->out, "</section>\n");
}

static bool is_number(enum show show)
{
	return show == SHOW_COUNT || show == SHOW_RATE || show == SHOW_MS;
}

static void put_row(struct page *page, const char *path, size_t i, const json_t *row,
		    const struct column *columns, size_t count)
{
	buf_zstr(page->out, "<tr>");
	for (size_t k = 0; k < count; k++) {
		char place[128];
		snprintf(place, sizeof place, "%s.%zu.%s", path, i, columns[k].member);
		buf_zstr(page->out, is_number(columns[k].show) ? "<td class=\"n\">" : "<td>");
		page_value(page, place, page_member(row, columns[k].member), columns[k].show);
		buf_zstr(page->out, "</td>");
	}
	buf_zstr(page->out, "</tr>\n");
}

void page_table(struct page *page, const char *path, const struct column *columns, size_t count,
		const char *empty)
{
	const json_t *rows = page_member(page->document, path);
	size_t i;
	json_t *row;
	if (!json_array_size(rows)) {
		buf_zstr(page->out, "<p class=\"none\">");
		page_word(page, empty);
		buf_zstr(page->out, "</p>\n");
		return;
	}
	buf_zstr(page->out, "<table><thead><tr>");
	for (size_t k = 0; k < count; k++) {
		buf_zstr(page->out, is_number(columns[k].show) ? "<th class=\"n\">" : "<th>");
		page_word(page, columns[k].head);
		buf_zstr(page->out, "</th>");
	}
	buf_zstr(page->out, "</tr></thead><tbody>\n");
	json_array_foreach((json_t *)rows, i, row) {
		if (i < TABLE_ROWS)
			put_row(page, path, i, row, columns, count);
	}
	buf_zstr(page->out, "</tbody></table>\n");
	if (json_array_size(rows) > TABLE_ROWS) {
		buf_printf(page->out, "<p class=\"note\">%zu ", json_array_size(rows) - TABLE_ROWS);
		page_word(page, "more_rows");
		buf_zstr(page->out, "</p>\n");
	}
}

void page_lines(struct page *page, const struct line *lines, size_t count)
{
	buf_zstr(page->out, "<table class=\"lines\"><tbody>\n");
	for (size_t i = 0; i < count; i++) {
		buf_zstr(page->out, "<tr><th>");
		page_word(page, lines[i].word);
		buf_zstr(page->out, "</th><td class=\"n\">");
		page_figure(page, lines[i].path, lines[i].show);
		buf_zstr(page->out, "</td><td class=\"of\">");
		if (lines[i].of)
			page_word(page, lines[i].of);
		buf_zstr(page->out, "</td></tr>\n");
	}
	buf_zstr(page->out, "</tbody></table>\n");
}

void page_note(struct page *page, const char *word)
{
	buf_zstr(page->out, "<p class=\"note\">");
	page_word(page, word);
	buf_zstr(page->out, "</p>\n");
}
