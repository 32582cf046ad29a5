// SPDX-License-Identifier: Apache-2.0
#include "api/report/figures.h"

#include "core/buf.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

// ---- what counts

// Members of totals that are no figures.
static bool is_figure(const char *name)
{
	static const char *const none[] = {"start",      "end",    "final",
					   "suppressed", "method", "mature"};
	for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
		if (strcmp(name, none[i]) == 0)
			return false;
	}
	return true;
}

static json_t *numbers_of(const json_t *value)
{
	if (!json_is_object(value))
		return json_deep_copy(value);
	const char *name;
	json_t *member, *numbers = json_object();
	json_object_foreach((json_t *)value, name, member) {
		if (is_figure(name))
			json_object_set_new(numbers, name, numbers_of(member));
	}
	return numbers;
}

static json_t *digest_of(const json_t *value)
{
	if (!value)
		return json_null();
	unsigned char hash[16];
	char text[2 * sizeof hash + 1];
	char *dump = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY | JSON_SORT_KEYS);
	crypto_generichash(hash, sizeof hash, (const unsigned char *)dump, strlen(dump), NULL, 0);
	free(dump);
	sodium_bin2hex(text, sizeof text, hash, sizeof hash);
	return json_string(text);
}

static json_t *findings_of(const json_t *findings)
{
	size_t i;
	json_t *entry, *counts = json_object();
	json_array_foreach(findings, i, entry) {
		json_object_set(counts, json_string_value(json_object_get(entry, "rule")),
				json_object_get(entry, "count"));
	}
	return counts;
}

static json_t *failures_of(const json_t *table)
{
	size_t i;
	json_t *row, *counts = json_object();
	json_array_foreach(json_object_get(table, "items"), i, row) {
		const char *condition = json_string_value(json_object_get(row, "value"));
		if (condition)
			json_object_set(counts, condition, json_object_get(row, "failed_all"));
	}
	return counts;
}

json_t *figures_of(const json_t *document)
{
	static const char *const totals[] = {"delivery", "read", "funnel", "response", "typing"};
	static const char *const tables[] = {"domains", "clients", "users", "series"};
	json_t *figures = json_object();
	const json_t *status = json_object_get(document, "status");
	json_object_set(figures, "complete", json_object_get(status, "complete"));
	json_object_set(figures, "final", json_object_get(status, "final"));
	for (size_t i = 0; i < sizeof totals / sizeof *totals; i++)
		json_object_set_new(figures, totals[i],
				    numbers_of(json_object_get(document, totals[i])));
	for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
		json_object_set_new(figures, tables[i],
				    digest_of(json_object_get(document, tables[i])));
	const json_t *open = json_object_get(document, "unacknowledged");
	json_object_set(figures, "unacknowledged_at_end", json_object_get(open, "at_end"));
	json_object_set_new(figures, "findings",
			    findings_of(json_object_get(document, "findings")));
	json_object_set_new(figures, "failures",
			    failures_of(json_object_get(document, "failures")));
	json_object_set(figures, "gaps", json_object_get(json_object_get(document, "gaps"), "n"));
	json_object_set(figures, "quarantined",
			json_object_get(json_object_get(document, "quarantine"), "records"));
	json_object_set(figures, "rules", json_object_get(document, "rules"));
	json_object_set(figures, "versions", json_object_get(document, "versions"));
	json_object_set(figures, "language",
			json_object_get(json_object_get(document, "report"), "language"));
	return figures;
}

// ---- what differs

// Numbers are compared as they are written: what was stored was read back from 15 digits.
static bool same(const json_t *a, const json_t *b)
{
	if (json_is_real(a) && json_is_number(b)) {
		double x = json_real_value(a), y = json_number_value(b), d = x > y ? x - y : y - x;
		return d <= 1e-12 * ((x > 0 ? x : -x) + 1e-300);
	}
	return a && b ? json_equal(a, b) : !a && !b;
}

static void note(json_t *changes, struct text path, const json_t *old, const json_t *new)
{
	if (json_array_size(changes) >= CHANGES_MAX)
		return;
	json_t *change = json_object();
	json_object_set_new(change, "figure", json_text(path));
	json_object_set_new(change, "old", old ? json_deep_copy(old) : json_null());
	json_object_set_new(change, "new", new ? json_deep_copy(new) : json_null());
	json_array_append_new(changes, change);
}

static void compare(json_t *changes, struct buf *path, const json_t *old, const json_t *new);

static void compare_member(json_t *changes, struct buf *path, const char *name, const json_t *old,
			   const json_t *new)
{
	size_t n = path->len;
	if (n)
		buf_char(path, '.');
	buf_zstr(path, name);
	compare(changes, path, old, new);
	path->len = n;
}

static void compare(json_t *changes, struct buf *path, const json_t *old, const json_t *new)
{
	const char *name;
	json_t *member;
	if (!json_is_object(old) || !json_is_object(new)) {
		if (!same(old, new))
			note(changes, buf_view(path), old, new);
		return;
	}
	json_object_foreach((json_t *)old, name, member) {
		compare_member(changes, path, name, member, json_object_get(new, name));
	}
	json_object_foreach((json_t *)new, name, member) {
		if (!json_object_get(old, name))
			compare_member(changes, path, name, NULL, member);
	}
}

json_t *figures_compare(const json_t *old, const json_t *new)
{
	struct buf path = {0};
	json_t *changes = json_array();
	compare(changes, &path, old, new);
	buf_free(&path);
	return changes;
}

// ---- why

static int64_t moved(const json_t *changes, const char *figure)
{
	size_t i;
	json_t *change;
	json_array_foreach(changes, i, change) {
		if (strcmp(json_string_value(json_object_get(change, "figure")), figure) == 0)
			return json_integer_value(json_object_get(change, "new")) -
			       json_integer_value(json_object_get(change, "old"));
	}
	return 0;
}

// Counts move for few reasons, and which of them moved tells the reason.
json_t *figures_why(const json_t *changes)
{
	static const struct {
		const char *figure;
		int sign;
		const char *why;
	} signs[] = {
		{"delivery.sent", 1, "messages_came_later"},
		{"delivery.sent", -1, "messages_went"},
		{"delivery.confirmed", 1, "receipts_came_later"},
		{"delivery.confirmed", -1, "receipts_went"},
		{"delivery.failed", 1, "errors_came_later"},
		{"read.read", 1, "markers_came_later"},
		{"delivery.expired", 1, "wait_is_over"},
		{"read.expired", 1, "wait_is_over"},
	};
	json_t *why = json_array();
	for (size_t i = 0; i < sizeof signs / sizeof *signs; i++) {
		size_t n = json_array_size(why);
		bool fits = moved(changes, signs[i].figure) * signs[i].sign > 0;
		const char *last = n ? json_string_value(json_array_get(why, n - 1)) : "";
		if (fits && strcmp(last, signs[i].why) != 0)
			json_array_append_new(why, json_string(signs[i].why));
	}
	if (!json_array_size(why) && json_array_size(changes))
		json_array_append_new(why, json_string("counted_anew"));
	return why;
}
