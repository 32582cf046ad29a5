// SPDX-License-Identifier: Apache-2.0
// Records of a dialect against what the clients of an Openfire capture wrote down: each message once,
// in the right direction and session. For the truth tests only; each includes it once.
#ifndef TESTS_UNIT_OPENFIRE_TRUTH_H
#define TESTS_UNIT_OPENFIRE_TRUTH_H

#include "tests/unit/dialect_harness.h"

#include "core/json.h"
#include "ingest/markup.h"

#include <unistd.h>

enum { MOST = 8000 };

#define DATA(name) "tests/data/openfire/" name
#define FULL(name) "../shared/corpus/openfire/" name // the whole corpus, where it is

struct seen {
	usec_t at;
	char *key;
	bool used;
};

struct truth {
	const char *name;
	bool dated;  // every record has a time, else none
	usec_t near; // so far a record may be from what the client says
	struct seen seen[MOST];
	size_t count, quarantined;
	size_t sent, sent_missing, received, received_missing, left_in, left_out;
};

static inline char *key_of(enum direction dir, struct text session, struct text id, bool carbon)
{
	struct buf key = {0};
	buf_printf(&key, "%s|%.*s|%.*s|%d", direction_names[dir], (int)session.n,
		   session.p ? session.p : "", (int)id.n, id.p ? id.p : "", carbon);
	return key.data;
}

static inline bool holds(struct text text, const char *what)
{
	return memmem(text.p, text.n, what, strlen(what)) != NULL;
}

static inline void collect(void *self, const struct record *record)
{
	struct truth *truth = self;
	truth->quarantined += record->kind == RECORD_QUARANTINE;
	if (record->kind != RECORD_STANZA || (record->dir != DIR_IN && record->dir != DIR_OUT) ||
	    !text_is(tag_name(markup_first(record->xml)), "message"))
		return;
	assert_false(holds(record->xml, "\xef\xbf\xbd"));
	assert_int_equal(record->at != USEC_NONE, truth->dated);
	struct arena *arena = arena_new();
	bool carbon = record->dir == DIR_OUT && holds(record->xml, "<forwarded") &&
		      holds(record->xml, "urn:xmpp:carbons:2");
	struct text id = carbon ? TEXT("") : tag_value(arena, markup_first(record->xml), "id");
	assert_true(truth->count < MOST);
	truth->seen[truth->count++] =
		(struct seen){record->at, key_of(record->dir, record->session, id, carbon), false};
	arena_free(arena);
}

static inline void forget_fact(void *self, struct text key, struct text value)
{
	(void)self, (void)key, (void)value;
}

static inline void pass_over(void *self, const char *kind)
{
	(void)self, (void)kind;
}

static inline void truth_read_log(struct truth *truth, const char *dialect, const char *zone_name,
				  struct text log)
{
	const struct dialect_sink sink = {truth, collect, forget_fact, pass_over};
	const struct dialect_type *type = dialect_by_name(text_of(dialect));
	struct zone *zone = zone_open(zone_name, NULL);
	const struct dialect_options options = {.zone = zone, .modified = USEC_NONE};
	struct dialect *d = type->open(&options, &sink);
	type->bytes(d, 0, log);
	type->end(d, true);
	type->close(d);
	zone_free(zone);
}

static inline bool truth_take(struct truth *truth, const char *key, usec_t at)
{
	for (size_t i = 0; i < truth->count; i++) {
		struct seen *seen = &truth->seen[i];
		if (seen->used || strcmp(seen->key, key) != 0 ||
		    (seen->at != USEC_NONE && llabs(seen->at - at) > truth->near))
			continue;
		seen->used = true;
		return true;
	}
	return false;
}

static inline bool is_carbon(const json_t *message)
{
	size_t i;
	const json_t *kind;
	json_array_foreach(json_object_get(message, "kinds"), i, kind)
		if (strncmp(json_string_value(kind), "carbon", 6) == 0)
			return true;
	return false;
}

// Known to have no entry in the audit log.
static inline bool is_gap(const json_t *gaps, long number)
{
	static const char *const lists[] = {"sent_lines_without_audit_entry",
					    "received_lines_without_audit_entry"};
	for (size_t list = 0; list < 2; list++) {
		size_t i;
		const json_t *value;
		json_array_foreach(json_object_get(gaps, lists[list]), i, value)
			if (json_integer_value(value) == number)
				return true;
	}
	return false;
}

static inline void expect(struct truth *truth, const json_t *event)
{
	struct text ev = json_get_text(event, "ev"), jid = json_get_text(event, "jid");
	const json_t *message = json_object_get(event, "m");
	bool sent = text_is(ev, "send");
	if (!message || (!sent && !text_is(ev, "recv")) || !jid_is_full(jid))
		return;
	bool carbon = is_carbon(message);
	usec_t at = (usec_t)(json_real_value(json_object_get(event, "t")) * 1e6);
	char *key = key_of(sent ? DIR_IN : DIR_OUT, jid,
			   carbon ? TEXT("") : json_get_text(message, "id"), carbon);
	bool found = truth_take(truth, key, at);
	if (!found && !sent) { // to one of the account's devices, which one is not known
		free(key);
		key = key_of(DIR_OUT, TEXT(""), carbon ? TEXT("") : json_get_text(message, "id"),
			     carbon);
		found = truth_take(truth, key, at);
	}
	*(sent ? &truth->sent : &truth->received) += 1;
	*(sent ? &truth->sent_missing : &truth->received_missing) += !found;
	if (!found)
		print_message("# %s: not in the log: %s at %lld\n", truth->name, key,
			      (long long)at);
	free(key);
}

static inline void truth_read_events(struct truth *truth, const char *path, const char *gaps_path)
{
	struct buf events = file_bytes(path);
	struct text rest = buf_view(&events);
	JSON_AUTO *gaps = gaps_path ? json_load_file(gaps_path, 0, NULL) : NULL;
	for (long number = 1; rest.n; number++) {
		const char *end = memchr(rest.p, '\n', rest.n);
		size_t n = end ? (size_t)(end - rest.p) : rest.n;
		JSON_AUTO *event = json_loadb(rest.p, n, 0, NULL);
		assert_non_null(event);
		if (!is_gap(gaps, number))
			expect(truth, event);
		n += end != NULL;
		rest = (struct text){rest.p + n, rest.n - n};
	}
	for (size_t i = 0; i < truth->count; i++) {
		if (truth->seen[i].used)
			continue;
		bool in = strncmp(truth->seen[i].key, "in|", 3) == 0;
		*(in ? &truth->left_in : &truth->left_out) += 1;
		print_message("# %s: left: %s\n", truth->name, truth->seen[i].key);
	}
	buf_free(&events);
}

static inline void truth_free(struct truth *truth)
{
	for (size_t i = 0; i < truth->count; i++)
		free(truth->seen[i].key);
	free(truth);
}

#endif
