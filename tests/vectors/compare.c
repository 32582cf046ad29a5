// SPDX-License-Identifier: Apache-2.0
// Expected against got: messages field by field (times cut to milliseconds, absent = null),
// counters, findings as a set, metrics, typing.
#include "core/arena.h"
#include "tests/vectors/vector.h"

#include <stdlib.h>

static const char *const metric_names[] = {"delivery_rate", "read_rate", "ttd_ms", "ttr_ms"};

// --- one form for both sides ---

static json_t *cut_time(json_t *value)
{
	const char *text = json_string_value(value);
	char out[USEC_TEXT];
	usec_t at;

	if (!text || strlen(text) < 20 || text[4] != '-' || !usec_parse(text_of(text), &at))
		return json_incref(value);
	return json_string(usec_format(at, 3, out));
}

static bool is_nothing(const char *key, const json_t *value)
{
	return json_is_null(value) || (json_is_object(value) && !json_object_size(value)) ||
	       (!strcmp(key, "resends") && json_integer_value(value) == 0);
}

// A new value: nulls and empty objects left out, times cut. Ids may look like times: not cut.
static json_t *normal(const char *key, json_t *value)
{
	const char *name;
	json_t *member;

	if (!json_is_object(value))
		return !strcmp(key, "id") || !strcmp(key, "corrects") ? json_incref(value)
								      : cut_time(value);
	json_t *result = json_object();
	json_object_foreach(value, name, member) {
		if (is_nothing(name, member))
			continue;
		json_t *inner = normal(name, member);
		if (is_nothing(name, inner))
			json_decref(inner);
		else
			json_object_set_new(result, name, inner);
	}
	return result;
}

static json_t *normal_finding(const json_t *finding)
{
	struct text by = json_get_text(finding, "by"), ref = json_get_text(finding, "ref");
	json_t *result = json_object();

	json_object_set_new(result, "rule", json_incref(json_object_get(finding, "rule")));
	json_object_set_new(result, "by", json_text(by.p ? by : TEXT("")));
	json_object_set_new(result, "ref", json_text(ref.p ? ref : TEXT("")));
	return result;
}

static json_t *normal_list(const json_t *list, bool findings)
{
	json_t *result = json_array(), *item;
	size_t i;

	json_array_foreach(list, i, item)
		json_array_append_new(result, findings ? normal_finding(item) : normal("", item));
	return result;
}

// --- telling ---

static void tell(struct buf *out, const char *what, const char *name, const json_t *expected,
		 const json_t *got)
{
	char *a = expected ? json_dumps(expected, JSON_ENCODE_ANY | JSON_SORT_KEYS) : NULL;
	char *b = got ? json_dumps(got, JSON_ENCODE_ANY | JSON_SORT_KEYS) : NULL;

	buf_printf(out, "#   %s %s: expected %s, got %s\n", what, name, a ? a : "nothing",
		   b ? b : "nothing");
	free(a);
	free(b);
}

static size_t compare_members(struct buf *out, const char *what, json_t *expected, json_t *got)
{
	const char *name;
	json_t *value;
	size_t count = 0;

	json_object_foreach(expected, name, value) {
		json_t *other = json_object_get(got, name);
		if (!other || !json_equal(value, other))
			count++, tell(out, what, name, value, other);
	}
	json_object_foreach(got, name, value)
		if (!json_object_get(expected, name))
			count++, tell(out, what, name, NULL, value);
	return count;
}

// --- messages ---

static bool same_member(const json_t *a, const json_t *b, const char *name)
{
	const json_t *x = json_object_get(a, name), *y = json_object_get(b, name);

	return x && y ? json_equal(x, y) : !x && !y;
}

static bool same_message(const json_t *a, const json_t *b)
{
	return same_member(a, b, "from") && same_member(a, b, "to") && same_member(a, b, "id") &&
	       same_member(a, b, "n");
}

static void name_message(const json_t *message, struct buf *out)
{
	struct text from = json_get_text(message, "from"), to = json_get_text(message, "to");
	struct text id = json_get_text(message, "id");

	buf_printf(out, "message %.*s -> %.*s id %.*s n %lld", (int)from.n, from.p ? from.p : "",
		   (int)to.n, to.p ? to.p : "", (int)id.n, id.p ? id.p : "",
		   (long long)json_integer_value(json_object_get(message, "n")));
}

static json_t *take_match(json_t *list, const json_t *message)
{
	json_t *item;
	size_t i;

	json_array_foreach(list, i, item)
		if (same_message(item, message)) {
			json_incref(item);
			json_array_remove(list, i);
			return item;
		}
	return NULL;
}

// Partial: only the members that are expected count; an expected null must be absent.
static size_t compare_named(struct buf *out, const char *what, const json_t *expected, json_t *got)
{
	const char *name;
	json_t *value;
	size_t count = 0;

	json_object_foreach((json_t *)(uintptr_t)expected, name, value) {
		json_t *other = json_object_get(got, name), *wanted = normal(name, value);
		bool nothing = is_nothing(name, wanted);
		if (nothing ? other != NULL : !other || !json_equal(wanted, other))
			count++, tell(out, what, name, nothing ? NULL : value, other);
		json_decref(wanted);
	}
	return count;
}

static size_t compare_messages(struct buf *out, const json_t *expected, const json_t *got,
			       bool partial)
{
	JSON_AUTO *wanted = normal_list(expected, false), *there = normal_list(got, false);
	json_t *message;
	size_t i, count = 0;

	json_array_foreach(wanted, i, message) {
		JSON_AUTO *match = take_match(there, message);
		struct buf name = {0};
		name_message(message, &name);
		if (match && partial)
			count += compare_named(out, name.data, json_array_get(expected, i), match);
		else if (match)
			count += compare_members(out, name.data, message, match);
		else
			count++, buf_printf(out, "#   %s is missing\n", name.data);
		buf_free(&name);
	}
	json_array_foreach(there, i, message) {
		count++;
		buf_zstr(out, "#   unexpected ");
		name_message(message, out);
		buf_char(out, '\n');
	}
	return count;
}

// --- order, findings, metrics ---

// Ascending sent_at; the rest of the order (from, to, id, n) breaks ties.
static size_t compare_order(struct buf *out, const json_t *got)
{
	for (size_t i = 1; i < json_array_size(got); i++) {
		const json_t *a = json_array_get(got, i - 1), *b = json_array_get(got, i);
		static const char *const keys[] = {"sent_at", "from", "to", "id"};
		int order = 0;
		for (size_t k = 0; k < 4 && !order; k++)
			order = text_compare(json_get_text(a, keys[k]), json_get_text(b, keys[k]));
		if (order > 0) {
			buf_printf(out, "#   messages %zu and %zu are not in order\n", i, i + 1);
			return 1;
		}
	}
	return 0;
}

static bool list_has(const json_t *list, const json_t *value)
{
	json_t *item;
	size_t i;

	json_array_foreach(list, i, item)
		if (json_equal(item, value))
			return true;
	return false;
}

static size_t compare_findings(struct buf *out, const json_t *expected, const json_t *got)
{
	JSON_AUTO *wanted = normal_list(expected, true), *there = normal_list(got, true);
	json_t *item;
	size_t i, count = 0;

	json_array_foreach(wanted, i, item)
		if (!list_has(there, item))
			count++, tell(out, "finding", "missing", item, NULL);
	json_array_foreach(there, i, item) {
		if (!list_has(wanted, item))
			count++, tell(out, "finding", "unexpected", NULL, item);
	}
	if (!count && json_array_size(there) != json_array_size(wanted)) {
		count++;
		buf_zstr(out, "#   a finding is there more than once\n");
	}
	return count;
}

static bool is_empty_rate(const json_t *value)
{
	if (json_is_array(value))
		return json_integer_value(json_array_get(value, 1)) == 0;
	return json_is_object(value) && json_integer_value(json_object_get(value, "n")) == 0;
}

static size_t compare_metrics(struct buf *out, const json_t *expected, const json_t *got)
{
	size_t count = 0;

	for (size_t i = 0; i < sizeof(metric_names) / sizeof(*metric_names); i++) {
		const json_t *wanted = json_object_get(expected, metric_names[i]);
		const json_t *there = json_object_get(got, metric_names[i]);
		if (!wanted && (!there || json_is_null(there) || is_empty_rate(there)))
			continue;
		if (!wanted || !there || !json_equal(wanted, there))
			count++, tell(out, "metric", metric_names[i], wanted, there);
	}
	return count;
}

// --- typing ---

static int by_start(const void *a, const void *b)
{
	static const char *const keys[] = {"start", "from", "to"};
	const json_t *x = *(json_t *const *)a, *y = *(json_t *const *)b;
	int order = 0;

	for (size_t i = 0; i < 3 && !order; i++)
		order = text_compare(json_get_text(x, keys[i]), json_get_text(y, keys[i]));
	return order;
}

static json_t *sorted_typing(const json_t *list)
{
	JSON_AUTO *plain = normal_list(list, false);
	size_t count = json_array_size(plain);
	json_t **items = xcalloc(count + 1, sizeof(*items)), *result = json_array();

	for (size_t i = 0; i < count; i++)
		items[i] = json_array_get(plain, i);
	qsort(items, count, sizeof(*items), by_start);
	for (size_t i = 0; i < count; i++)
		json_array_append(result, items[i]);
	free(items);
	return result;
}

// A file without "typing" but with counters says that there is none.
static size_t compare_typing(struct buf *out, const json_t *expected, const json_t *got)
{
	JSON_AUTO *wanted = sorted_typing(expected), *there = sorted_typing(got);

	if (json_equal(wanted, there))
		return 0;
	tell(out, "typing", "", wanted, there);
	return 1;
}

// A part that is not expected at all is not compared (vectors made by a generator).
size_t compare_results(const json_t *expected, json_t *got, struct buf *out)
{
	const json_t *messages = json_object_get(got, "messages");
	const json_t *typing = json_object_get(expected, "typing");
	json_t *counters = json_object_get(expected, "counters");
	const json_t *findings = json_object_get(expected, "findings");
	const json_t *metrics = json_object_get(expected, "metrics");
	bool partial = json_is_true(json_object_get(expected, "partial"));
	size_t count =
		compare_messages(out, json_object_get(expected, "messages"), messages, partial);

	count += compare_order(out, messages);
	if (counters)
		count +=
			compare_members(out, "counter", counters, json_object_get(got, "counters"));
	if (findings)
		count += compare_findings(out, findings, json_object_get(got, "findings"));
	if (metrics)
		count += compare_metrics(out, metrics, json_object_get(got, "metrics"));
	if (typing || (counters && !partial))
		count += compare_typing(out, typing, json_object_get(got, "typing"));
	return count;
}
