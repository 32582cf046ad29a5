// SPDX-License-Identifier: Apache-2.0
// Prosody's sinks: the same server wrote the same run to a file, to a console and to syslog, so all
// must give the same stanzas of the same sessions. And what a logger cuts or drops is told.
#include "tests/unit/dialect_harness.h"

#include "ingest/timeless.h"

struct list {
	char **items;
	size_t count, cap;
	size_t cut;
};

static void note(struct list *list, const struct record *record)
{
	struct buf text = {0};
	buf_printf(&text, "%s %.*s ", direction_names[record->dir],
		   record->session.p ? (int)record->session.n : 1,
		   record->session.p ? record->session.p : "-");
	buf_text(&text, record->xml);
	if (list->count == list->cap) {
		list->cap = list->cap ? list->cap * 2 : 256;
		list->items = xrealloc(list->items, list->cap * sizeof *list->items);
	}
	list->items[list->count++] = text.data;
}

static void take(void *self, const struct record *record)
{
	struct list *list = self;
	if (record->kind == RECORD_QUARANTINE)
		list->cut += !strcmp(record->reason, "cut by the logger");
	if (record->kind == RECORD_STANZA)
		note(list, record);
}

static void remember_nothing(void *self, struct text key, struct text value)
{
	(void)self, (void)key, (void)value;
}

static void pass_over(void *self, const char *kind)
{
	(void)self, (void)kind;
}

static void read_log(struct list *list, const char *dialect, const char *path)
{
	const struct dialect_sink sink = {list, take, remember_nothing, pass_over};
	struct zone *zone = zone_open("UTC", NULL);
	const struct dialect_options options = {.zone = zone, .year = 2026, .modified = USEC_NONE};
	struct buf log = file_bytes(path);
	int certainty = 0;
	const struct dialect_type *type = dialect_detect(buf_view(&log), &certainty, NULL);
	assert_non_null(type);
	assert_string_equal(type->name, dialect);
	struct dialect *d = type->open(&options, &sink);
	type->bytes(d, 0, buf_view(&log));
	type->end(d, true);
	type->close(d);
	zone_free(zone);
	buf_free(&log);
}

static void free_list(struct list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->items[i]);
	free(list->items);
}

// All of the file's stanzas in the same order, but for so many that the logger cut.
static void same(const char *file, const char *dialect, const char *other, size_t cut)
{
	struct list wanted = {0}, got = {0};
	size_t missing = 0, at = 0;
	read_log(&wanted, "prosody", file);
	read_log(&got, dialect, other);
	for (size_t i = 0; i < wanted.count; i++) {
		if (at < got.count && !strcmp(wanted.items[i], got.items[at]))
			at++;
		else
			missing++;
	}
	assert_true(wanted.count > 100);
	assert_int_equal(at, got.count);
	assert_int_equal(missing, cut);
	assert_int_equal(got.cut, cut);
	free_list(&wanted);
	free_list(&got);
}

#define DATA "tests/data/prosody/"

static void console_says_what_the_file_says(void **state)
{
	(void)state;
	same(DATA "stanza-debug/debug-iso.log.gz", "prosody-console",
	     DATA "stanza-debug/stdout.log.gz", 0);
}

static void colours_of_a_terminal_are_no_text(void **state)
{
	(void)state;
	same(DATA "tty/debug-iso.log.gz", "prosody-console", DATA "tty/console-ansi.log.gz", 0);
}

static void syslog_says_what_the_file_says_but_for_what_it_cut(void **state)
{
	(void)state;
	same(DATA "syslog/debug-iso.log.gz", "prosody-syslog", DATA "syslog/rsyslog-rfc3339.log.gz",
	     2);
	same(DATA "syslog/debug-iso.log.gz", "prosody-syslog",
	     DATA "syslog/rsyslog-traditional.log.gz", 2);
}

// --- lines of a syslog ---

#define SYSLOG(text) "2026-11-22T10:00:00.510547+00:00 vm " text "\n"
#define BOUND SYSLOG("prosody[7]: c2saa01: Resource bound: anna@acme.test/phone")
#define HELLO                                                                                      \
	SYSLOG("prosody[7]: c2saa01: RECV: <message to='b@c'><body>a#012#011b #123</body></message>")

static struct run *syslog_run(const char *text)
{
	return run_text("prosody-syslog", "UTC", 2026, text_of(text), 64);
}

static void syslog_keeps_its_fine_clock_and_newlines(void **state)
{
	(void)state;
	struct run *run = syslog_run(BOUND HELLO HELLO);
	assert_int_equal(run->stanzas, 2);
	assert_true(says(run, "in anna@acme.test/phone @"));
	assert_true(says(run, "t=1795341600510547 "));
	assert_true(says(run, "<body>a|b #123</body>"));
	run_free(run);
}

// F49, F50.
static void dropped_lines_are_gaps(void **state)
{
	(void)state;
	struct run *run = syslog_run(
		BOUND SYSLOG(
			"rsyslogd: imuxsock[pid: 7, name: prosody] from <prosody>: 100 messages "
			"lost due to rate-limiting (200 allowed within 5 seconds)")
			SYSLOG("systemd-journald[3]: Suppressed 12 messages from prosody.service") SYSLOG(
				"prosody[7]: message repeated 3 times: [ c2saa01: RECV: <message/>]")
				SYSLOG("kernel: 9 messages lost"));
	assert_int_equal(run->stanzas, 0);
	assert_int_equal(run->gaps, 3);
	run_free(run);
}

// F120: another program's line is none of Prosody's.
static void other_programs_are_not_believed(void **state)
{
	(void)state;
	struct run *run =
		syslog_run(BOUND SYSLOG("cron[9]: c2saa01: RECV: <message to='b@c'/>")
				   SYSLOG("vm prosody[7]: c2saa01: RECV: <message to='b@c'/>"));
	assert_int_equal(run->stanzas, 0);
	run_free(run);
}

static void pieces_make_no_difference(void **state)
{
	(void)state;
	static const char text[] =
		BOUND HELLO SYSLOG("prosody[7]: c2saa01: RECV: <message to='b@c'><bo");
	struct run *whole = syslog_run(text),
		   *pieces = run_text("prosody-syslog", "UTC", 2026, TEXT(text), 1);
	assert_string_equal(whole->said.data, pieces->said.data);
	assert_int_equal(whole->quarantined, 1);
	run_free(whole);
	run_free(pieces);
}

// --- lines without time ---

static void what_is_read_live_happened_when_it_was_read(void **state)
{
	(void)state;
	struct timeless timeless;
	struct record old = {.offset = 10, .length = 5, .at = USEC_NONE}, gap;
	struct record first = {.offset = 100, .at = USEC_NONE}, second = first, third = first;
	const struct dialect_type *type = dialect_by_name(TEXT("prosody-console"));
	timeless_begin(&timeless, type, true, 100);
	timeless_read(&timeless, 5000);
	assert_false(timeless_stamp(&timeless, &old));
	assert_true(timeless_gap(&timeless, &old, &gap));
	assert_int_equal(gap.offset + gap.length, 100);
	assert_false(timeless_gap(&timeless, &old, &gap));
	assert_true(timeless_stamp(&timeless, &first) && timeless_stamp(&timeless, &second));
	timeless_read(&timeless, 4000); // the clock was set back (F45)
	assert_true(timeless_stamp(&timeless, &third));
	assert_int_equal(first.at, 5000);
	assert_int_equal(second.at, 5001);
	assert_int_equal(third.at, 5002);
}

static void an_import_of_it_is_a_gap(void **state)
{
	(void)state;
	struct timeless timeless;
	struct record record = {.offset = 10, .length = 5, .at = USEC_NONE};
	timeless_begin(&timeless, dialect_by_name(TEXT("prosody-console")), false, 100);
	timeless_read(&timeless, 5000);
	assert_false(timeless_stamp(&timeless, &record));
	timeless_begin(&timeless, dialect_by_name(TEXT("prosody")), true, 0);
	timeless_read(&timeless, 5000);
	assert_false(timeless_stamp(&timeless, &record));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(console_says_what_the_file_says),
		cmocka_unit_test(colours_of_a_terminal_are_no_text),
		cmocka_unit_test(syslog_says_what_the_file_says_but_for_what_it_cut),
		cmocka_unit_test(syslog_keeps_its_fine_clock_and_newlines),
		cmocka_unit_test(dropped_lines_are_gaps),
		cmocka_unit_test(other_programs_are_not_believed),
		cmocka_unit_test(pieces_make_no_difference),
		cmocka_unit_test(what_is_read_live_happened_when_it_was_read),
		cmocka_unit_test(an_import_of_it_is_a_gap),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
