// SPDX-License-Identifier: Apache-2.0
// The XML debugger's logs against what the clients themselves wrote down: each message that a client
// sent is there once, read from its full JID, and each that it received, written to it; nothing else
// has a direction; no text has a character that a network read destroyed. Times are compared where
// the log has some.
#include "tests/unit/dialect_harness.h"

#include "core/json.h"
#include "ingest/markup.h"

#include <unistd.h>

enum { MOST = 8000 };
#define NEAR (2 * USEC_PER_SEC)
#define DATA(name) "tests/data/openfire/" name
#define FULL(name) "../shared/corpus/openfire/" name // the whole corpus, where it is

struct capture {
	const char *name, *log, *truth;
	size_t sent_missing; // written by a client while its connection went down
	size_t destroyed;    // by cut characters, and nothing is interpreted: quarantined
	bool dated;
};

static const struct capture captures[] = {
	{"3.7.1, plugin 1.2", FULL("of371-en/logs/nohup.out.gz"),
	 FULL("of371-en/truth-events.jsonl"), 1, 0, false},
	{"3.7.1 in Chinese", DATA("of371-zh-java8names/nohup.out.gz"),
	 DATA("of371-zh-java8names/truth-events.jsonl.gz"), 0, 0, false},
	{"4.1.6, plugin 1.6", FULL("of416-en/logs/nohup.out.gz"),
	 FULL("of416-en/truth-events.jsonl"), 0, 0, false},
	{"4.1.6, nothing interpreted", DATA("of416-messages-only/nohup.out.gz"),
	 DATA("of416-messages-only/truth-events.jsonl.gz"), 0, 3, false},
	{"4.1.6 in Chinese", DATA("of416-zh/nohup.out.gz"), DATA("of416-zh/truth-events.jsonl.gz"),
	 0, 0, false},
	{"4.2.4, plugin 1.7.6", FULL("of424-en/logs/nohup.out.gz"),
	 FULL("of424-en/truth-events.jsonl"), 0, 0, true},
	{"4.2.4, second run", FULL("of424-logfile/logs/nohup.out"),
	 FULL("of424-logfile/truth-events.jsonl"), 0, 0, true},
	{"4.2.4, info.log", DATA("of424-logfile/info.log.gz"),
	 DATA("of424-logfile/truth-events.jsonl.gz"), 0, 0, true},
	{"4.2.4, all.log", FULL("of424-logfile/logs/all.log"),
	 FULL("of424-logfile/truth-events.jsonl"), 0, 0, true},
	{"4.9, openfire.log", FULL("constructed/openfire-4.9-with-xmldebugger.log.gz"),
	 FULL("of424-en/truth-events.jsonl"), 0, 0, true},
	{"plugin 1.7.2", DATA("constructed/xmldebugger-1.7.2.log.gz"),
	 DATA("of424-en/truth-events.jsonl.gz"), 0, 0, false},
	{"plugin 1.9.0", DATA("constructed/xmldebugger-1.9.0-netty.log.gz"),
	 DATA("of424-en/truth-events.jsonl.gz"), 0, 0, true},
};

struct seen {
	usec_t at;
	char *key;
	bool used;
};

struct truth {
	const struct capture *capture;
	struct seen seen[MOST];
	size_t count, destroyed;
	size_t sent, sent_missing, received, received_missing, left_in, left_out;
};

static char *key_of(enum direction dir, struct text session, struct text id, bool carbon)
{
	struct buf key = {0};
	buf_printf(&key, "%s|%.*s|%.*s|%d", direction_names[dir], (int)session.n,
		   session.p ? session.p : "", (int)id.n, id.p ? id.p : "", carbon);
	return key.data;
}

static bool holds(struct text text, const char *what)
{
	return memmem(text.p, text.n, what, strlen(what)) != NULL;
}

static void collect(void *self, const struct record *record)
{
	struct truth *truth = self;
	if (record->kind == RECORD_QUARANTINE) {
		assert_string_equal(record->reason, "a character was cut between two reads");
		truth->destroyed++;
	}
	if (record->kind != RECORD_STANZA || !record->session.p ||
	    !text_is(tag_name(markup_first(record->xml)), "message"))
		return;
	assert_true(record->dir == DIR_IN || record->dir == DIR_OUT);
	assert_false(holds(record->xml, "\xef\xbf\xbd"));
	assert_int_equal(record->at != USEC_NONE, truth->capture->dated);
	struct arena *arena = arena_new();
	bool carbon = record->dir == DIR_OUT && holds(record->xml, "<forwarded") &&
		      holds(record->xml, "urn:xmpp:carbons:2");
	struct text id = carbon ? TEXT("") : tag_value(arena, markup_first(record->xml), "id");
	assert_true(truth->count < MOST);
	truth->seen[truth->count++] =
		(struct seen){record->at, key_of(record->dir, record->session, id, carbon), false};
	arena_free(arena);
}

static void forget_fact(void *self, struct text key, struct text value)
{
	(void)self, (void)key, (void)value;
}

static void pass_over(void *self, const char *kind)
{
	(void)self, (void)kind;
}

static void read_log(struct truth *truth)
{
	const struct dialect_sink sink = {truth, collect, forget_fact, pass_over};
	const struct dialect_type *type = dialect_by_name(TEXT("openfire-debugger"));
	struct zone *zone = zone_open("UTC", NULL);
	const struct dialect_options options = {.zone = zone, .modified = USEC_NONE};
	struct buf log = file_bytes(truth->capture->log);
	struct dialect *d = type->open(&options, &sink);
	type->bytes(d, 0, buf_view(&log));
	type->end(d, true);
	type->close(d);
	buf_free(&log);
	zone_free(zone);
}

static bool take_first(struct truth *truth, const char *key, usec_t at)
{
	for (size_t i = 0; i < truth->count; i++) {
		struct seen *seen = &truth->seen[i];
		if (seen->used || strcmp(seen->key, key) != 0 ||
		    (seen->at != USEC_NONE && llabs(seen->at - at) > NEAR))
			continue;
		seen->used = true;
		return true;
	}
	return false;
}

static bool is_carbon(const json_t *message)
{
	size_t i;
	const json_t *kind;
	json_array_foreach(json_object_get(message, "kinds"), i, kind)
		if (strncmp(json_string_value(kind), "carbon", 6) == 0)
			return true;
	return false;
}

static void expect(struct truth *truth, const json_t *event)
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
	bool found = take_first(truth, key, at);
	*(sent ? &truth->sent : &truth->received) += 1;
	*(sent ? &truth->sent_missing : &truth->received_missing) += !found;
	if (!found)
		print_message("# %s: not in the log: %s at %lld\n", truth->capture->name, key,
			      (long long)at);
	free(key);
}

static void read_truth(struct truth *truth)
{
	struct buf events = file_bytes(truth->capture->truth);
	struct text rest = buf_view(&events);
	while (rest.n) {
		const char *end = memchr(rest.p, '\n', rest.n);
		size_t n = end ? (size_t)(end - rest.p) : rest.n;
		JSON_AUTO *event = json_loadb(rest.p, n, 0, NULL);
		assert_non_null(event);
		expect(truth, event);
		n += end != NULL;
		rest = (struct text){rest.p + n, rest.n - n};
	}
	for (size_t i = 0; i < truth->count; i++) {
		if (truth->seen[i].used)
			continue;
		bool in = strncmp(truth->seen[i].key, "in|", 3) == 0;
		*(in ? &truth->left_in : &truth->left_out) += 1;
		print_message("# %s: left: %s\n", truth->capture->name, truth->seen[i].key);
	}
	buf_free(&events);
}

static void check(const struct capture *capture)
{
	if (access(capture->log, R_OK)) {
		print_message("# %s: not here\n", capture->name);
		return;
	}
	struct truth *truth = xcalloc(1, sizeof *truth);
	truth->capture = capture;
	read_log(truth);
	read_truth(truth);
	print_message("# %s: %zu of %zu sends and %zu of %zu receives missing, %zu and %zu left, "
		      "%zu destroyed\n",
		      capture->name, truth->sent_missing, truth->sent, truth->received_missing,
		      truth->received, truth->left_in, truth->left_out, truth->destroyed);
	assert_true(truth->sent > 30);
	assert_int_equal(truth->destroyed, capture->destroyed);
	assert_int_equal(truth->sent_missing, capture->sent_missing + capture->destroyed);
	assert_int_equal(truth->received_missing, 0);
	assert_int_equal(truth->left_in, 0);
	assert_int_equal(truth->left_out, 0);
	for (size_t i = 0; i < truth->count; i++)
		free(truth->seen[i].key);
	free(truth);
}

static void debugger_agrees_with_the_clients(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof captures / sizeof *captures; i++)
		check(&captures[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(debugger_agrees_with_the_clients)};
	return cmocka_run_group_tests_name("XML debugger against the clients' truth", tests, NULL,
					   NULL);
}
