// SPDX-License-Identifier: Apache-2.0
// Openfire's logs again after a stop anywhere: from low water, with what was remembered, and
// without what is at or below the mark, it says what one run without a stop says.
#include "tests/unit/dialect_harness.h"

enum { MOST_RECORDS = 4000 };

struct said_record {
	uint64_t offset;
	uint32_t index;
	char *text;
};

struct life {
	struct run *run; // facts and dialect; records come here
	struct said_record records[MOST_RECORDS];
	size_t count;
};

static void life_record(void *self, const struct record *record)
{
	struct life *life = self;
	struct buf text = {0};
	buf_printf(&text, "%d %d %.*s %.*s @%llu.%u+%u t=%lld [%s] ", record->kind, record->dir,
		   (int)record->session.n, record->session.n ? record->session.p : "",
		   (int)record->session_key.n, record->session_key.n ? record->session_key.p : "",
		   (unsigned long long)record->offset, record->index, record->length,
		   (long long)record->at, record->reason ? record->reason : "");
	buf_text(&text, record->xml.p ? record->xml : TEXT("-"));
	assert_true(life->count < MOST_RECORDS);
	if (life->count) { // positions grow
		const struct said_record *last = &life->records[life->count - 1];
		if (record->offset < last->offset ||
		    (record->offset == last->offset && record->index <= last->index))
			fail_msg("%s\nafter\n%s", text.data, last->text);
	}
	life->records[life->count++] =
		(struct said_record){record->offset, record->index, text.data};
}

static void life_remember(void *self, struct text key, struct text value)
{
	run_remember(((struct life *)self)->run, key, value);
}

static void life_ignored(void *self, const char *kind)
{
	(void)self, (void)kind;
}

static struct life *life_new(const char *dialect, const char *zone)
{
	struct life *life = xcalloc(1, sizeof *life);
	const struct dialect_sink sink = {life, life_record, life_remember, life_ignored};
	life->run = run_new(dialect, zone, 0);
	life->run->type->close(life->run->dialect);
	const struct dialect_options options = {.zone = life->run->zone, .modified = USEC_NONE};
	life->run->dialect = life->run->type->open(&options, &sink);
	return life;
}

static void life_free(struct life *life)
{
	for (size_t i = 0; i < life->count; i++)
		free(life->records[i].text);
	run_free(life->run);
	free(life);
}

static struct life *life_again(const struct life *old, const char *zone)
{
	struct life *life = life_new(old->run->type->name, zone);
	for (size_t i = 0; i < old->run->fact_count; i++) {
		const struct fact *fact = &old->run->facts[i];
		if (!fact->value)
			continue;
		life->run->type->recall(life->run->dialect, text_of(fact->key),
					text_of(fact->value));
		run_remember(life->run, text_of(fact->key), text_of(fact->value));
	}
	life->run->at = old->run->type->low_water(old->run->dialect);
	return life;
}

static void compare(const struct life *whole, const struct life *first, const struct life *second,
		    size_t cut)
{
	const struct said_record *mark = first->count ? &first->records[first->count - 1] : NULL;
	size_t at = first->count;
	for (size_t i = 0; i < first->count; i++)
		assert_string_equal(first->records[i].text, whole->records[i].text);
	for (size_t i = 0; i < second->count; i++) {
		const struct said_record *record = &second->records[i];
		if (mark && (record->offset < mark->offset ||
			     (record->offset == mark->offset && record->index <= mark->index)))
			continue;
		if (at >= whole->count || strcmp(record->text, whole->records[at].text) != 0)
			fail_msg("cut at %zu: %s\nnot\n%s", cut, record->text,
				 at < whole->count ? whole->records[at].text : "(nothing)");
		at++;
	}
	assert_int_equal(at, whole->count);
}

static void stop_everywhere(const char *dialect, const char *zone, struct text data, size_t step)
{
	struct life *whole = life_new(dialect, zone);
	run_give(whole->run, data, data.n);
	run_end(whole->run, true);
	for (size_t cut = 1; cut < data.n; cut += step) {
		struct life *first = life_new(dialect, zone);
		run_give(first->run, (struct text){data.p, cut}, 4096);
		struct life *second = life_again(first, zone);
		size_t low = second->run->at;
		assert_true(low <= cut);
		run_give(second->run, (struct text){data.p + low, data.n - low}, 4096);
		run_end(second->run, true);
		compare(whole, first, second, cut);
		life_free(first);
		life_free(second);
	}
	life_free(whole);
}

static const struct {
	const char *dialect, *path, *zone;
} samples[] = {
	{"openfire-chatlogs", "tests/data/openfire/constructed/chatlogs-plugin-stdout.log.gz",
	 "UTC"},
	{"openfire-debugger", "tests/data/openfire/of416-messages-only/nohup.out.gz", "UTC"},
	{"openfire-debugger", "tests/data/openfire/of371-zh-java8names/nohup.out.gz", "UTC"},
	{"openfire-debugger", "tests/data/openfire/of424-logfile/info.log.gz", "Asia/Shanghai"},
	{"openfire-debugger", "tests/data/openfire/constructed/xmldebugger-1.7.2.log.gz", "UTC"},
	{"openfire-debugger", "tests/data/openfire/constructed/xmldebugger-1.9.0-netty.log.gz",
	 "UTC"},
};

static void real_logs_go_on_after_a_stop(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
		struct buf log = file_bytes(samples[i].path);
		stop_everywhere(samples[i].dialect, samples[i].zone, buf_view(&log), 4999);
		buf_free(&log);
	}
}

// Halves, held lines, copies that come and do not, coarse stamps, whichever line the stop is in.
static void made_up_log_goes_on_after_a_stop(void **state)
{
#define AT(second) "2026.11.22 19:01:" second " org.jivesoftware.openfire.plugin.DebuggerPlugin - "
#define BIND(jid)                                                                                  \
	"<iq type=\"result\" to=\"of.test/s\"><bind xmlns=\"urn:ietf:params:xml:ns:xmpp-bind\">"   \
	"<jid>" jid "</jid></bind></iq>\n"
	static const char log[] = AT("01") "C2S - SENT - (  7): " BIND("anna@of.test/a") AT(
		"01") "C2S - SENT - (  8): " BIND("bob@of.test/b")
		AT("01") "C2S - RECV - (  7): <message id='1' to='x@of.test'><body>\xef\xbf\xbd\n" AT("01") "C2S - RECV - (  8): <message id='2' to='x@of.test'><body>\n" AT("01") "C2S - SENT - (  8): <message id='3' from='x@of.test/x'/>\n" AT(
			"01") "C2S - RECV - (  7): \xef\xbf\xbd</body></message><message "
			      "id='4'\n" AT(
				      "01") "C2S - SENT - (  8): <message from='y@of.test/"
					    "y'><body>\n" AT("01") "C2S - RECV - (  8): </body></message>\n" AT("01") "C2S - RECV - (  7): to='x@of.test'/>\n" AT(
						    "01") "INTERPRETED: <message id=\"1\" "
							  "from=\"anna@of.test/a\"><body>"
							  "x</body></message>\n" AT("02") "C2S - RECV - (  8): </body></message><message id='5' to='x@of.test'/>\n" AT(
								  "02") "C2S - RECV - (  7): <message "
									"id='6'><body>\xef\xbf\xbd\n" AT(
										"02") "C2S - RECV - (  7): "
										      "\xef\xbf\xbd</body></message>\n" AT(
											      "02") "C2S - SENT - (  8): <message id='7' "
												    "from='x@of.test/x'/>\n" AT(
													    "02") "C2S - RECV - (  8): <message id='8'><body>\n";
	(void)state;
	stop_everywhere("openfire-debugger", "Asia/Shanghai", text_of(log), 1);
}

static void made_up_chunks(const char *dialect, struct text data, unsigned seed)
{
	struct life *whole = life_new(dialect, "UTC"), *cut = life_new(dialect, "UTC");
	run_give(whole->run, data, data.n);
	run_end(whole->run, true);
	for (struct text rest = data; rest.n;) {
		seed = seed * 1103515245U + 12345U;
		size_t n = 1 + (seed >> 16) % 700;
		struct text part = {rest.p, n < rest.n ? n : rest.n};
		run_give(cut->run, part, part.n);
		rest = (struct text){rest.p + part.n, rest.n - part.n};
	}
	run_end(cut->run, true);
	assert_int_equal(cut->count, whole->count);
	for (size_t i = 0; i < whole->count; i++)
		assert_string_equal(cut->records[i].text, whole->records[i].text);
	life_free(whole);
	life_free(cut);
}

static void real_logs_read_the_same_in_random_chunks(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
		struct buf log = file_bytes(samples[i].path);
		for (unsigned seed = 1; seed < 6; seed++)
			made_up_chunks(samples[i].dialect, buf_view(&log), seed);
		buf_free(&log);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(real_logs_go_on_after_a_stop),
		cmocka_unit_test(made_up_log_goes_on_after_a_stop),
		cmocka_unit_test(real_logs_read_the_same_in_random_chunks),
	};
	return cmocka_run_group_tests_name("Openfire dialects, stopped", tests, NULL, NULL);
}
