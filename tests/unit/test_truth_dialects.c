// SPDX-License-Identifier: Apache-2.0
// Dialects against what the clients themselves wrote down: every message that a client sent is
// there once, read from its full JID; what it received was written to its full JID;
// nothing else has a direction. Matched by (direction, session, id, carbon or not) and time.
#include "tests/unit/dialect_harness.h"

#include "core/json.h"
#include "ingest/markup.h"

#include <unistd.h>

enum { MOST = 8000 };
#define NEAR (6 * USEC_PER_SEC)
#define BEFORE (USEC_PER_SEC / 20) // a client's clock is ahead of the server's by a socket

struct seen { // a record of the dialect
	usec_t at;
	char *key;
	bool used;
};

struct span {
	usec_t from, to;
};

struct truth {
	struct span gaps[MOST]; // what the dialect says is missing
	size_t gap_count;
	long gapped; // sends that are not there, in a gap
	struct seen seen[MOST];
	size_t count, unused_in, unused_out;
	bool quiet; // much is missing in this capture, and that is known
	long sent, sent_found, received, received_found;
};

static char *key_of(enum direction dir, struct text session, struct text id, bool carbon)
{
	struct buf key = {0};
	buf_printf(&key, "%s|%.*s|%.*s|%d", direction_names[dir], (int)session.n,
		   session.p ? session.p : "", (int)id.n, id.p ? id.p : "", carbon);
	return key.data;
}

static bool is_carbon(struct text xml)
{
	return memmem(xml.p, xml.n, "urn:xmpp:forward:0", 18) &&
	       memmem(xml.p, xml.n, "urn:xmpp:carbons:2", 18) &&
	       memmem(xml.p, xml.n, "<forwarded", 10);
}

static void collect(void *self, const struct record *record)
{
	struct truth *truth = self;
	if (record->kind == RECORD_GAP && record->since && truth->gap_count < MOST)
		truth->gaps[truth->gap_count++] = (struct span){record->since, record->at};
	if (record->kind != RECORD_STANZA || (record->dir != DIR_IN && record->dir != DIR_OUT))
		return;
	struct arena *arena = arena_new();
	struct text tag = markup_first(record->xml);
	if (text_is(tag_name(tag), "message")) {
		bool carbon = record->dir == DIR_OUT && is_carbon(record->xml);
		struct text id = carbon ? TEXT("") : tag_value(arena, tag, "id");
		assert_true(truth->count < MOST);
		truth->seen[truth->count++] = (struct seen){
			record->at, key_of(record->dir, record->session, id, carbon), false};
	}
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

static void read_logs(struct truth *truth, const char *dialect, const char *zone,
		      const char *const *paths)
{
	const struct dialect_sink sink = {truth, collect, forget_fact, pass_over};
	const struct dialect_type *type = dialect_by_name(text_of(dialect));
	struct zone *at = zone_open(zone, NULL);
	const struct dialect_options options = {.zone = at, .year = 2026, .modified = USEC_NONE};
	for (; *paths; paths++) {
		struct buf log = file_bytes(*paths);
		struct dialect *d = type->open(&options, &sink);
		type->bytes(d, 0, buf_view(&log));
		type->end(d, true);
		type->close(d);
		buf_free(&log);
	}
	zone_free(at);
}

// The first one: both are in the order of the session, and times are too coarse to tell neighbours.
static bool take_first(struct truth *truth, const char *key, usec_t at)
{
	for (size_t i = 0; i < truth->count; i++) {
		struct seen *seen = &truth->seen[i];
		if (seen->used || llabs(seen->at - at) > NEAR || strcmp(seen->key, key) != 0)
			continue;
		seen->used = true;
		return true;
	}
	return false;
}

static void expect(struct truth *truth, bool sent, struct text jid, struct text id, bool carbon,
		   usec_t at)
{
	char *key = key_of(sent ? DIR_IN : DIR_OUT, jid, carbon ? TEXT("") : id, carbon);
	bool found = take_first(truth, key, at);
	*(sent ? &truth->sent : &truth->received) += 1;
	*(sent ? &truth->sent_found : &truth->received_found) += found;
	for (size_t i = 0; !found && sent && i < truth->gap_count; i++)
		if (truth->gaps[i].from - BEFORE <= at && at <= truth->gaps[i].to) {
			truth->gapped++;
			break;
		}
	if (!found && !truth->quiet)
		print_message("# not in the log: %s at %lld\n", key, (long long)at);
	free(key);
}

static bool openfire_carbon(const json_t *message)
{
	size_t i;
	const json_t *kind;
	json_array_foreach(json_object_get(message, "kinds"), i, kind)
		if (strncmp(json_string_value(kind), "carbon", 6) == 0)
			return true;
	return false;
}

static bool has_number(const json_t *gaps, const char *list, long number)
{
	size_t i;
	const json_t *value;
	json_array_foreach(json_object_get(gaps, list), i, value)
		if (json_integer_value(value) == number)
			return true;
	return false;
}

static void expect_line(struct truth *truth, const json_t *event, const json_t *gaps, long number)
{
	struct text ev = json_get_text(event, "ev");
	const json_t *message = json_object_get(event, "m");
	bool openfire = message != NULL, sent = text_is(ev, "send") || text_is(ev, "sent");
	if (!sent && !text_is(ev, "recv"))
		return;
	if (has_number(gaps, "sent_lines_without_audit_entry", number) ||
	    has_number(gaps, "received_lines_without_audit_entry", number))
		return;
	struct text jid = json_get_text(event, openfire ? "jid" : "c");
	if (!jid_is_full(jid)) // the component: it has no session
		return;
	struct text wrapped = json_get_text(event, "wrapped");
	bool carbon = openfire ? openfire_carbon(message) : text_starts(wrapped, "carbon");
	if (text_is(wrapped, "mam"))
		return; // the id is that of the message inside
	expect(truth, sent, jid, json_get_text(openfire ? message : event, "id"), carbon,
	       (usec_t)(json_real_value(json_object_get(event, "t")) * 1e6));
}

static void read_truth(struct truth *truth, const char *path, const char *gaps_path)
{
	struct buf events = file_bytes(path);
	JSON_AUTO *gaps = gaps_path ? json_load_file(gaps_path, 0, NULL) : NULL;
	struct text rest = buf_view(&events);
	for (long number = 1; rest.n; number++) {
		const char *end = memchr(rest.p, '\n', rest.n);
		size_t n = end ? (size_t)(end - rest.p) : rest.n;
		JSON_AUTO *event = json_loadb(rest.p, n, 0, NULL);
		assert_non_null(event);
		expect_line(truth, event, gaps, number);
		n += end != NULL;
		rest = (struct text){rest.p + n, rest.n - n};
	}
	for (size_t i = 0; i < truth->count; i++)
		if (!truth->seen[i].used)
			*(strncmp(truth->seen[i].key, "in|", 3) ? &truth->unused_out
								: &truth->unused_in) += 1;
	buf_free(&events);
}

struct capture {
	const char *name, *dialect, *zone;
	const char *logs[4];
	const char *truth, *gaps;
	long lost_sends;            // written by a client while its connection went down
	double received;            // least share
	size_t extra_in, extra_out; // written to clients that were gone, and mam results
	double gapped;              // least share of the sends not there that lie in a gap
};

#define OF(name) "tests/data/openfire/" name "/"
#define PR(name) "tests/data/prosody/" name "/"
#define EJ(name) "tests/data/ejabberd/" name "/"
#define FULL(name) "../shared/corpus/ejabberd/" name "/" // the whole logs, where they are
#define OF_TRUTH(name) OF(name) "truth-events.jsonl.gz", OF(name) "audit-gaps.json"

static const struct capture captures[] = {
	{"Openfire 4.1.6",
	 "openfire-audit",
	 "UTC",
	 {OF("of416-en") "jive.audit-20261122-000.log.gz",
	  OF("of416-en") "jive.audit-20261122-001.log.gz",
	  OF("of416-en") "jive.audit-20261122-002.log.gz"},
	 OF_TRUTH("of416-en"),
	 0,
	 0.994,
	 0,
	 0,
	 0},
	{"Openfire 3.7.1",
	 "openfire-audit",
	 "UTC",
	 {OF("of371-en") "jive.audit-20261122-000.log.gz",
	  OF("of371-en") "jive.audit-20261122-001.log.gz"},
	 OF_TRUTH("of371-en"),
	 1,
	 0.994,
	 0,
	 1,
	 0},
	{"Openfire 4.2.4",
	 "openfire-audit",
	 "UTC",
	 {OF("of424-en") "jive.audit-20261122-000.log.gz"},
	 OF_TRUTH("of424-en"),
	 0,
	 0.994,
	 0,
	 0,
	 0},
	{"Openfire 4.1.6 in Chinese",
	 "openfire-audit",
	 "Asia/Shanghai",
	 {OF("of416-zh") "jive.audit-20261122-000.log.gz"},
	 OF_TRUTH("of416-zh"),
	 0,
	 0.994,
	 0,
	 0,
	 0},
	{"Openfire 3.7.1 in Chinese",
	 "openfire-audit",
	 "Asia/Shanghai",
	 {OF("of371-zh-java8names") "jive.audit-20261122-000.log.gz"},
	 OF_TRUTH("of371-zh-java8names"),
	 0,
	 0.994,
	 0,
	 0,
	 0},
	{"Openfire 4.1.6, messages only",
	 "openfire-audit",
	 "UTC",
	 {OF("of416-messages-only") "jive.audit-20261122-000.log.gz"},
	 OF_TRUTH("of416-messages-only"),
	 0,
	 0.98,
	 0,
	 1, // written to a device of the account, which one is not told
	 0},
	{"Prosody, ISO stamps",
	 "prosody",
	 "UTC",
	 {PR("stanza-debug") "debug-iso.log.gz"},
	 PR("stanza-debug") "events.ndjson.gz",
	 NULL,
	 0,
	 0.999,
	 0,
	 5,
	 0},
	{"Prosody, default stamps",
	 "prosody",
	 "UTC",
	 {PR("stanza-debug") "debug-default.log.gz"},
	 PR("stanza-debug") "events.ndjson.gz",
	 NULL,
	 0,
	 0.999,
	 0,
	 5,
	 0},
	{"Prosody, second run",
	 "prosody",
	 "UTC",
	 {PR("syslog") "debug-iso.log.gz"},
	 PR("syslog") "events.ndjson.gz",
	 NULL,
	 0,
	 0.999,
	 0,
	 5,
	 0},
	{"ejabberd, level debug",
	 "ejabberd-debug",
	 "UTC",
	 {EJ("debug") "ejabberd.log.gz"},
	 EJ("debug") "events.ndjson.gz",
	 NULL,
	 2,
	 0.99,
	 0,
	 8,
	 0},
	{"ejabberd, level debug, whole",
	 "ejabberd-debug",
	 "UTC",
	 {FULL("debug") "ejabberd.log.gz"},
	 FULL("debug") "truth/events.ndjson.gz",
	 NULL,
	 2,
	 0.99,
	 0,
	 8,
	 0},
	{"ejabberd with mod_service_log, whole",
	 "ejabberd-debug",
	 "UTC",
	 {FULL("service-log") "ejabberd.log.gz"},
	 FULL("service-log") "truth/events.ndjson.gz",
	 NULL,
	 2,
	 0.99,
	 0,
	 10,
	 0},
	{"ejabberd that drops lines",
	 "ejabberd-debug",
	 "UTC",
	 {EJ("lossy") "ejabberd.log.gz"},
	 EJ("lossy") "events.ndjson.gz",
	 NULL,
	 78,
	 0.5,
	 0,
	 0,
	 0.9},
	{"ejabberd that drops lines, whole",
	 "ejabberd-debug",
	 "UTC",
	 {FULL("lossy") "ejabberd.log.gz"},
	 FULL("lossy") "truth/events.ndjson",
	 NULL,
	 78,
	 0.5,
	 0,
	 0,
	 0.9},
};

static void check(const struct capture *capture)
{
	if (access(capture->logs[0], R_OK)) {
		print_message("# %s: not here\n", capture->name);
		return;
	}
	struct truth *truth = xcalloc(1, sizeof *truth);
	truth->quiet = capture->received < 0.9;
	read_logs(truth, capture->dialect, capture->zone, capture->logs);
	read_truth(truth, capture->truth, capture->gaps);
	print_message("# %s: %ld of %ld sends, %ld of %ld receives, %zu in and %zu out left\n",
		      capture->name, truth->sent_found, truth->sent, truth->received_found,
		      truth->received, truth->unused_in, truth->unused_out);
	if (truth->gap_count)
		print_message("#   %ld of %ld that are not there lie in one of %zu gaps\n",
			      truth->gapped, truth->sent - truth->sent_found, truth->gap_count);
	assert_true((double)truth->gapped >=
		    capture->gapped * (double)(truth->sent - truth->sent_found));
	assert_true(truth->sent > 30);
	assert_true(truth->sent - truth->sent_found <= capture->lost_sends);
	assert_true((double)truth->received_found >= capture->received * (double)truth->received);
	assert_true(truth->unused_in <= capture->extra_in);
	assert_true(truth->unused_out <= capture->extra_out);
	for (size_t i = 0; i < truth->count; i++)
		free(truth->seen[i].key);
	free(truth);
}

static void directions_agree_with_the_clients(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof captures / sizeof *captures; i++)
		check(&captures[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(directions_agree_with_the_clients)};
	return cmocka_run_group_tests_name("dialects against the clients' truth", tests, NULL,
					   NULL);
}
