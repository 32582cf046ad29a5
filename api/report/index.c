// SPDX-License-Identifier: Apache-2.0
// index.html and index.json of the folder: which reports there are, the newest first.
#include "api/report/page.h"
#include "api/report/report.h"
#include "api/report/report_json.h"
#include "api/report/words.h"
#include "api/table.h"

#include "core/embedded.h"

#include <stdlib.h>
#include <unistd.h>

enum { INDEX_MAX = 2000 };

static bool each_report(void *self, const struct stored_report *report)
{
	json_t *row = stored_report_json(report);
	json_object_del(row, "deliveries"); // that would change the index with each try
	json_array_append_new(self, row);
	return true;
}

static void put_links(struct page *page, const json_t *row)
{
	size_t i;
	json_t *file;
	json_array_foreach(json_object_get(row, "files"), i, file) {
		// Names are made of letters, digits, -_+=~. alone: "+" and "=" may stand in a path.
		page_raw(page, "%s<a href=\"", i ? " " : "");
		page_value(page, "", json_object_get(file, "name"), SHOW_TEXT);
		buf_zstr(page->out, "\">");
		page_value(page, "", json_object_get(file, "format"), SHOW_TEXT);
		buf_zstr(page->out, "</a>");
	}
}

static void put_report(struct page *page, const json_t *row)
{
	static const struct column columns[] = {
		{"", "name", SHOW_TEXT},      {"", "zone", SHOW_TEXT},
		{"", "revision", SHOW_COUNT}, {"", "made_at", SHOW_TIME},
		{"", "incomplete", SHOW_ANY}, {"", "final", SHOW_ANY},
	};
	buf_zstr(page->out, "<tr>");
	for (size_t i = 0; i < sizeof columns / sizeof *columns; i++) {
		buf_zstr(page->out, "<td>");
		page_value(page, "", json_object_get(row, columns[i].member), columns[i].show);
		buf_zstr(page->out, "</td>");
	}
	buf_zstr(page->out, "<td>");
	if (json_is_true(json_object_get(row, "kept")))
		put_links(page, row);
	buf_zstr(page->out, "</td></tr>\n");
}

static void put_page(struct page *page, const json_t *rows)
{
	static const char *const heads[] = {"period",     "zone",  "revision", "made_at",
					    "incomplete", "final", "files"};
	size_t i;
	json_t *row;
	page_raw(page,
		 "<!DOCTYPE html>\n<html lang=\"%s\"><head><meta charset=\"utf-8\">"
		 "<meta name=\"viewport\" content=\"width=device-width\">\n<title>",
		 page->language ? "zh" : "en");
	page_word(page, "reports");
	buf_zstr(page->out, "</title>\n<style>\n");
	page_style(page);
	buf_zstr(page->out, "</style></head><body>\n<header><h1>");
	page_word(page, "reports");
	buf_zstr(page->out, "</h1></header>\n<table><thead><tr>");
	for (size_t k = 0; k < sizeof heads / sizeof *heads; k++) {
		buf_zstr(page->out, "<th>");
		page_word(page, heads[k]);
		buf_zstr(page->out, "</th>");
	}
	buf_zstr(page->out, "</tr></thead><tbody>\n");
	json_array_foreach((json_t *)rows, i, row) {
		put_report(page, row);
	}
	buf_zstr(page->out, "</tbody></table>\n</body></html>\n");
}

static bool write_index(struct app *app, const json_t *rows, int folder, struct err *err)
{
	struct buf html = {0}, json = {0};
	struct zone *zone = zone_open(report_zone(app->settings), NULL);
	struct page page = {.out = &html,
			    .document = rows,
			    .zone = zone,
			    .language = word_language(app->settings->report_language)};
	put_page(&page, rows);
	table_json(&json, rows);
	buf_char(&json, '\n');
	bool fine = files_replace(folder, "index.html", buf_view(&html), err) &&
		    files_replace(folder, "index.json", buf_view(&json), err);
	zone_free(zone);
	buf_free(&html);
	buf_free(&json);
	return fine;
}

bool report_index_anew(struct app *app, struct store *store, struct err *err)
{
	struct realm realm;
	struct realm_settings rules;
	struct err unknown = {0};
	if (!store_realm_rules(store, app->settings->realm, &realm, &rules, &unknown))
		return unknown.kind == ERR_USAGE || err_set(err, unknown.kind, "%s", unknown.text);
	realm_settings_free(&rules);
	char *path = report_folder(app->settings);
	int folder = files_open(path, err);
	bool fine = folder >= 0 && report_index(app, store, realm.id, folder, err);
	if (folder >= 0)
		close(folder);
	free(path);
	return fine;
}

bool report_index(struct app *app, struct store *store, int32_t realm, int folder, struct err *err)
{
	JSON_AUTO *rows = json_array();
	struct arena *arena = arena_new();
	const struct report_filter filter = {.realm = realm,
					     .since = USEC_NONE,
					     .until = USEC_NONE,
					     .revision = -1,
					     .limit = INDEX_MAX};
	bool fine = store_reports(store, &filter, arena, rows, each_report, err) &&
		    write_index(app, rows, folder, err);
	arena_free(arena);
	return fine;
}
