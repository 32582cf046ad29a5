// SPDX-License-Identifier: Apache-2.0
// Parts of the page: who loses, what waits, findings, what is missing, what changed, what it stands on.
#include "api/report/html_parts.h"

#include <stdio.h>

// ---- who

// Kept by UTC days: said where the zone has others.
static void put_days(struct page *page, const char *path)
{
	char own[64];
	snprintf(own, sizeof own, "%s.own_days", path);
	if (json_is_false(page_member(page->document, own)))
		page_note(page, "utc_days");
}

#define RATED                                                                                      \
	{"sent", "sent", SHOW_COUNT}, {"requested", "requested", SHOW_COUNT},                      \
		{"confirmed", "confirmed", SHOW_COUNT}, {"failed", "failed_all", SHOW_COUNT},      \
	{                                                                                          \
		"rate", "rate", SHOW_RATE                                                          \
	}

void part_who(struct page *page)
{
	page_section(page, "domains", "domains");
	put_days(page, "domains");
	page_table(page, "domains.items",
		   COLUMNS({"domain", "domain", SHOW_TEXT}, {"direction", "direction", SHOW_WORD},
			   RATED, {"pending", "pending", SHOW_COUNT},
			   {"p95", "time_to_deliver_ms.p95", SHOW_MS}),
		   "none_domains");
	page_section_end(page);
	page_section(page, "clients", "clients");
	put_days(page, "clients");
	page_table(page, "clients.items",
		   COLUMNS({"software", "software", SHOW_TEXT}, {"version", "version", SHOW_TEXT},
			   RATED, {"pending", "pending", SHOW_COUNT},
			   {"p95", "time_to_deliver_ms.p95", SHOW_MS}),
		   "none_clients");
	page_section_end(page);
	page_section(page, "users", "users");
	put_days(page, "users");
	page_table(page, "users.items",
		   COLUMNS({"jid", "jid", SHOW_TEXT}, RATED, {"read", "read", SHOW_COUNT},
			   {"received", "received", SHOW_COUNT}),
		   "none_users");
	page_section_end(page);
	page_section(page, "failures", "failures");
	put_days(page, "failures");
	page_table(page, "failures.items",
		   COLUMNS({"condition", "value", SHOW_TEXT}, {"failed", "failed", SHOW_COUNT},
			   {"failed_all", "failed_all", SHOW_COUNT}),
		   "none_failures");
	page_section_end(page);
}

void part_open(struct page *page)
{
	page_section(page, "unacknowledged", "unacknowledged");
	page_note(page, "unacknowledged_note");
	page_table(page, "unacknowledged.oldest",
		   COLUMNS({"sent_at", "sent_at", SHOW_TIME}, {"from", "from", SHOW_TEXT},
			   {"to", "to", SHOW_TEXT}, {"id", "id", SHOW_TEXT},
			   {"verdict", "verdict", SHOW_WORD}),
		   "none_open");
	page_section_end(page);
}

// ---- findings

static void put_examples(struct page *page, const json_t *examples)
{
	size_t i;
	json_t *example;
	json_array_foreach((json_t *)examples, i, example) {
		buf_zstr(page->out, i ? "<br>" : "");
		page_value(page, "", json_object_get(example, "by"), SHOW_TEXT);
		const json_t *ref = json_object_get(example, "ref");
		if (json_string_length(ref)) {
			buf_zstr(page->out, " (");
			page_value(page, "", ref, SHOW_TEXT);
			buf_char(page->out, ')');
		}
	}
}

static void put_finding(struct page *page, size_t i, const json_t *entry)
{
	char path[64];
	const char *severity = json_string_value(json_object_get(entry, "severity"));
	page_raw(page, "<tr><td><span class=\"severity %s\">", severity);
	page_word(page, severity);
	buf_zstr(page->out, "</span></td><td>");
	page_value(page, "", json_object_get(entry, "rule"), SHOW_TEXT);
	snprintf(path, sizeof path, "findings.%zu.findings", i);
	buf_zstr(page->out, "</td><td class=\"n\">");
	page_value(page, path, json_object_get(entry, "findings"), SHOW_COUNT);
	snprintf(path, sizeof path, "findings.%zu.count", i);
	buf_zstr(page->out, "</td><td class=\"n\">");
	page_value(page, path, json_object_get(entry, "count"), SHOW_COUNT);
	buf_zstr(page->out, "</td><td class=\"examples\">");
	put_examples(page, json_object_get(entry, "examples"));
	buf_zstr(page->out, "</td></tr>\n");
}

void part_findings(struct page *page)
{
	static const char *const heads[] = {"severity", "rule", "n", "count", "examples"};
	const json_t *findings = page_member(page->document, "findings");
	size_t i;
	json_t *entry;
	page_section(page, "findings", "findings");
	if (!json_array_size(findings)) {
		page_note(page, "none_findings");
		page_section_end(page);
		return;
	}
	buf_zstr(page->out, "<table><thead><tr>");
	for (size_t k = 0; k < sizeof heads / sizeof *heads; k++) {
		buf_zstr(page->out, k == 2 || k == 3 ? "<th class=\"n\">" : "<th>");
		page_word(page, heads[k]);
		buf_zstr(page->out, "</th>");
	}
	buf_zstr(page->out, "</tr></thead><tbody>\n");
	json_array_foreach((json_t *)findings, i, entry) {
		put_finding(page, i, entry);
	}
	buf_zstr(page->out, "</tbody></table>\n");
	page_section_end(page);
}

// ---- what it stands on

void part_missing(struct page *page)
{
	page_section(page, "gaps", "gaps");
	page_table(page, "gaps.items",
		   COLUMNS({"source", "source", SHOW_TEXT}, {"cause", "cause", SHOW_TEXT},
			   {"from_at", "from_at", SHOW_TIME}, {"to_at", "to_at", SHOW_TIME},
			   {"lost", "lost", SHOW_COUNT}),
		   "none_gaps");
	buf_zstr(page->out, "<h3>");
	page_word(page, "quarantine");
	buf_zstr(page->out, "</h3>\n");
	page_table(page, "quarantine.items",
		   COLUMNS({"source", "source", SHOW_TEXT}, {"reason", "reason", SHOW_TEXT},
			   {"records", "records", SHOW_COUNT}),
		   "none_quarantine");
	buf_zstr(page->out, "<h3>");
	page_word(page, "sources");
	buf_zstr(page->out, "</h3>\n");
	page_table(page, "sources",
		   COLUMNS({"name", "name", SHOW_TEXT}, {"dialect", "dialect", SHOW_TEXT},
			   {"live", "live", SHOW_ANY}, {"state", "state", SHOW_WORD},
			   {"records", "records", SHOW_COUNT},
			   {"quarantined", "quarantined", SHOW_COUNT}, {"gaps", "gaps", SHOW_COUNT},
			   {"last_at", "last_at", SHOW_TIME}, {"note", "note", SHOW_TEXT}),
		   "none_sources");
	page_section_end(page);
}

static void put_change_rows(struct page *page, const char *day, const json_t *figures,
			    const json_t *why)
{
	size_t i;
	json_t *change;
	json_array_foreach((json_t *)figures, i, change) {
		buf_zstr(page->out, "<tr><td>");
		page_zstr(page, day);
		buf_zstr(page->out, "</td><td>");
		page_value(page, "", json_object_get(change, "figure"), SHOW_TEXT);
		buf_zstr(page->out, "</td><td class=\"n\">");
		page_value(page, "", json_object_get(change, "old"), SHOW_ANY);
		buf_zstr(page->out, "</td><td class=\"n\">");
		page_value(page, "", json_object_get(change, "new"), SHOW_ANY);
		buf_zstr(page->out, "</td><td>");
		if (i == 0)
			page_value(page, "", why, SHOW_WORD);
		buf_zstr(page->out, "</td></tr>\n");
	}
}

static void open_changes(struct page *page)
{
	static const char *const heads[] = {"day", "figure", "old", "new", "why"};
	buf_zstr(page->out, "<table><thead><tr>");
	for (size_t k = 0; k < sizeof heads / sizeof *heads; k++) {
		buf_zstr(page->out, k == 2 || k == 3 ? "<th class=\"n\">" : "<th>");
		page_word(page, heads[k]);
		buf_zstr(page->out, "</th>");
	}
	buf_zstr(page->out, "</tr></thead><tbody>\n");
}

void part_restatements(struct page *page)
{
	const json_t *items = page_member(page->document, "restatements");
	size_t i;
	json_t *item;
	page_section(page, "restatements", "restatements");
	if (json_array_size(items)) {
		open_changes(page);
		json_array_foreach((json_t *)items, i, item) {
			put_change_rows(page, json_string_value(json_object_get(item, "day")),
					json_object_get(item, "figures"),
					json_object_get(item, "why"));
		}
		buf_zstr(page->out, "</tbody></table>\n");
	} else {
		page_note(page, "none_restatements");
	}
	page_section_end(page);
}

void part_changes(struct page *page)
{
	const json_t *changes = page_member(page->document, "changes");
	if (!json_is_object(changes))
		return;
	page_section(page, "changes", "changes");
	open_changes(page);
	put_change_rows(page, json_string_value(page_member(page->document, "report.name")),
			json_object_get(changes, "figures"), json_object_get(changes, "why"));
	buf_zstr(page->out, "</tbody></table>\n");
	page_section_end(page);
}

// Durations are in seconds, as in the settings of a realm.
void part_rules(struct page *page)
{
	static const char *const sections[] = {"versions", "rules"};
	page_section(page, "rules", "stands_on");
	buf_zstr(page->out, "<table class=\"lines\"><tbody>\n");
	for (size_t i = 0; i < 2; i++) {
		const char *name;
		json_t *value;
		json_object_foreach((json_t *)page_member(page->document, sections[i]), name,
				    value) {
			buf_zstr(page->out, "<tr><th>");
			page_zstr(page, name);
			buf_zstr(page->out, "</th><td>");
			page_value(page, "", value, SHOW_ANY);
			if (json_is_integer(value))
				buf_zstr(page->out, " s");
			buf_zstr(page->out, "</td></tr>\n");
		}
	}
	buf_zstr(page->out, "</tbody></table>\n");
	page_section_end(page);
}
