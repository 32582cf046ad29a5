// SPDX-License-Identifier: Apache-2.0
// Pieces of an HTML page: text made harmless, values that carry their exact number, tables by columns.
#ifndef API_REPORT_PAGE_H
#define API_REPORT_PAGE_H

#include "core/buf.h"
#include "core/json.h"

struct zone;

struct page {
	struct buf *out;
	const json_t *document;
	const struct zone *zone; // of times that are shown
	int language;
};

enum show {
	SHOW_TEXT,
	SHOW_WORD, // of the catalogue
	SHOW_COUNT,
	SHOW_RATE,
	SHOW_MS,
	SHOW_TIME,
	SHOW_ANY, // by its type
};

struct column {
	const char *head;   // word of the catalogue
	const char *member; // "a.b" looks into a
	enum show show;
};

const char *say(const struct page *page, const char *word);

void page_text(struct page *page, struct text text); // escaped
void page_zstr(struct page *page, const char *text);
void page_word(struct page *page, const char *word); // escaped word of the catalogue
void page_style(struct page *page);                  // report.css
void page_raw(struct page *page, const char *format, ...) __attribute__((format(printf, 2, 3)));

// Member "a.b.c" of a value; NULL: there is none.
const json_t *page_member(const json_t *value, const char *path);
// As people read it, with <data value="..."> around a number: path says where it stands in the document.
void page_value(struct page *page, const char *path, const json_t *value, enum show show);
// The member of the document at that path.
void page_figure(struct page *page, const char *path, enum show show);

void page_section(struct page *page, const char *id, const char *title);
void page_section_end(struct page *page);
// Rows of the list at path; empty: a line that says so.
void page_table(struct page *page, const char *path, const struct column *columns, size_t count,
		const char *empty);
// One row a figure: its word, its value, what it is of.
struct line {
	const char *word, *path;
	enum show show;
	const char *of; // word, NULL = nothing
};
void page_note(struct page *page, const char *word); // a paragraph
void page_lines(struct page *page, const struct line *lines, size_t count);

#endif
