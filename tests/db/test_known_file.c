// SPDX-License-Identifier: Apache-2.0
// F84: two processes begin the same growing file. It stays one generation, wherever the file grows and the other one
// stores while the first one looks (ingest/known_file.c). An end that one reads is known to the other. And what else is
// told of a file that was looked at.
#include "tests/db/fixture.h"

#include "ingest/batcher.h"
#include "ingest/stream.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { LINES = 40, FEW = 2 };

static struct fixture fixture;
static struct zone *utc;
static struct buf log_bytes;
static size_t first_lines; // bytes of a few lines

struct process {
	struct store *store;
	struct batcher *batcher;
	struct stream *stream;
	struct realm_settings rules;
	const char *dialect;   // NULL: observations
	size_t there;          // bytes that the file has when it is read
	struct process *other; // stores all of it as soon as this one reads
	struct err err;
};

static void write_log_bytes(void)
{
	for (int i = 0; i < LINES; i++) {
		buf_printf(
			&log_bytes,
			"{\"ts\":\"2026-03-02T10:00:%02dZ\",\"feed\":\"log\",\"dir\":\"in\","
			"\"session\":\"ada@harbor.example/x\",\"stanza\":\"<message "
			"to='ben@quay.example' id='m%d' type='chat'><body>%d</body></message>\"}\n",
			i, i, i);
		if (i + 1 == FEW)
			first_lines = log_bytes.len;
	}
}

static void store_all(struct process *process);

static size_t read_at(void *self, uint64_t offset, size_t size, unsigned char *out)
{
	struct process *process = self, *other = process->other;
	process->other = NULL;
	if (other) {
		store_all(other);
		process->there = log_bytes.len;
	}
	size_t left = offset < process->there ? process->there - (size_t)offset : 0;
	size_t n = left < size ? left : size;
	memcpy(out, log_bytes.data + offset, n);
	return n;
}

static void begin(struct process *process)
{
	process->store = fixture_open(&fixture, STORE_WRITE);
	realm_settings_default(&process->rules);
	assert_true(batcher_open(&fixture.app, process->store, "default", &process->rules,
				 &process->batcher, &process->err));
}

static void end(struct process *process)
{
	stream_close(process->stream);
	batcher_close(process->batcher);
	store_close(process->store);
	realm_settings_free(&process->rules);
	*process = (struct process){0};
}

// size: of the file when it was opened
static void open_stream(struct process *process, size_t size)
{
	const struct stream_options options = {
		.path = "traffic.ndjson",
		.source = "traffic",
		.dialect = dialect_by_name(
			text_of(process->dialect ? process->dialect : "observations")),
		.zone = utc,
		.modified = USEC_NONE,
		.rules = &process->rules,
		.live = true};
	const struct stream_file file = {process, read_at, size, NULL};
	assert_true(
		stream_open(process->batcher, &options, &file, &process->stream, &process->err));
}

static bool store_up_to(struct process *process, size_t to)
{
	size_t from = (size_t)stream_start(process->stream);
	struct batch_result result;
	return stream_bytes(process->stream, (struct text){log_bytes.data + from, to - from},
			    &process->err) &&
	       batcher_flush(process->batcher, &process->stream, 1, &result, &process->err);
}

static void store_all(struct process *process)
{
	process->there = log_bytes.len;
	open_stream(process, log_bytes.len);
	assert_true(store_up_to(process, log_bytes.len));
}

static void one_generation(struct process *looking)
{
	assert_int_equal(
		fixture_int(looking->store, "SELECT count(*) FROM lane_mark WHERE lane = 0"), 1);
	assert_int_equal(fixture_int(looking->store, "SELECT count(*) FROM message"), LINES);
	assert_int_equal(fixture_int(looking->store, "SELECT sum(resends) FROM message"), 0);
}

// It was opened while it was short; before the database was asked, the other process had stored all of it.
static bool is_known_with(size_t there)
{
	struct process one = {.there = there}, other = {0};
	begin(&other);
	begin(&one);
	store_all(&other);
	open_stream(&one, first_lines);
	bool known = !stream_is_new(one.stream);
	one_generation(&one);
	end(&one);
	end(&other);
	return known;
}

static void a_file_that_grew_since_it_was_opened_is_known(void **state)
{
	(void)state;
	assert_true(is_known_with(log_bytes.len));
}

// The other process stores between the look at the database and that at the file: then the first batch is refused.
static void a_file_that_another_begins_at_the_same_time_is_known_at_the_second_look(void **state)
{
	(void)state;
	struct process one = {0}, other = {0};
	begin(&one);
	begin(&other);
	one.there = first_lines;
	one.other = &other;
	open_stream(&one, first_lines);
	assert_true(stream_is_new(one.stream));
	assert_false(store_up_to(&one, log_bytes.len));
	assert_int_equal(one.err.kind, ERR_DATABASE);
	end(&one);
	begin(&one);
	one.there = log_bytes.len;
	open_stream(&one, first_lines);
	assert_false(stream_is_new(one.stream));
	one_generation(&one);
	end(&one);
	end(&other);
}

static void a_shorter_file_with_the_same_head_is_another_one(void **state)
{
	(void)state;
	assert_false(is_known_with(first_lines));
}

static void assert_set_aside(struct process *process, int records)
{
	assert_int_equal(fixture_int(process->store, "SELECT count(*) FROM quarantine"), records);
	assert_int_equal(
		fixture_int(process->store, "SELECT count(*) FROM generation WHERE finished"),
		records);
}

static bool flush(struct process *process)
{
	struct batch_result result;
	return batcher_flush(process->batcher, &process->stream, 1, &result, &process->err);
}

// The first look of each raises the fence, and is refused to who looked before: that is over when the file is read.
static void know_each_other(struct process *one, struct process *other)
{
	struct process *const turns[] = {one, other, one, one};
	struct generation list[1];
	size_t count;
	for (size_t i = 0; i < sizeof turns / sizeof *turns; i++) {
		struct process *it = turns[i];
		struct err refused = {0};
		bool looked = store_generations(it->store, batcher_realm(it->batcher), list, 1,
						&count, &refused);
		assert_int_equal(looked, i != 2);
	}
}

// An import meets the end of a log that a daemon follows, inside a line: nothing moves the mark, so the daemon
// goes on without opening the file again.
static void the_end_that_an_import_met_is_none_for_who_follows_the_file(void **state)
{
	(void)state;
	struct process daemon = {0}, import = {0};
	size_t torn = first_lines + 20;
	begin(&daemon);
	begin(&import);
	know_each_other(&daemon, &import);
	daemon.there = import.there = torn;
	open_stream(&daemon, torn);
	assert_true(store_up_to(&daemon, torn));
	open_stream(&import, torn);
	assert_true(stream_bytes(import.stream, (struct text){log_bytes.data + first_lines, 20},
				 &import.err) &&
		    stream_end(import.stream, true, &import.err) && flush(&import));
	assert_set_aside(&daemon, 1);
	stream_touch(daemon.stream);
	assert_true(flush(&daemon)); // it saw nothing new
	assert_set_aside(&daemon, 1);
	assert_true(stream_bytes(daemon.stream,
				 (struct text){log_bytes.data + torn, log_bytes.len - torn},
				 &daemon.err));
	assert_true(flush(&daemon));
	assert_set_aside(&daemon, 0);
	one_generation(&daemon);
	end(&import);
	end(&daemon);
}

// --- what is told of it ---

// A log that shows no stanza yet is read anew after a restart: its first generation is not a file that is missing.
static void a_log_without_stanzas_is_not_missing_after_a_restart(void **state)
{
	(void)state;
	struct process one = {.dialect = "prosody"};
	struct buf stanzas = log_bytes;
	struct string_list sources = {0};
	int64_t missing;
	log_bytes = (struct buf){0};
	string_list_add(&sources, TEXT("traffic"));
	for (int i = 0; i < 2; i++) {
		for (int j = 0; j < LINES; j++)
			buf_printf(&log_bytes,
				   "2026-03-02T10:%02d:%02d+0000 c2s5587dc0%05x\tinfo\tClient "
				   "connected\n",
				   i, j, j);
		one.dialect = "prosody";
		one.there = log_bytes.len;
		begin(&one);
		open_stream(&one, log_bytes.len);
		assert_true(store_up_to(&one, log_bytes.len));
		int32_t open = stream_generation(one.stream);
		assert_int_equal(open, i + 1);
		assert_true(store_missing(one.store, batcher_realm(one.batcher), &sources, &open, 1,
					  &missing, &one.err));
		assert_int_equal(missing, 0);
		end(&one);
	}
	string_list_free(&sources);
	buf_free(&log_bytes);
	log_bytes = stanzas;
}

// What is sealed and goes is noted, which only holds while no seal is made: under the lanes.
static void a_missing_file_is_forgotten_under_the_lanes(void **state)
{
	(void)state;
	struct process one = {0}, other = {0};
	struct string_list sources = {0};
	int64_t missing;
	string_list_add(&sources, TEXT("traffic"));
	begin(&other);
	begin(&one);
	store_all(&one);
	int32_t realm = batcher_realm(one.batcher), open = stream_generation(one.stream);
	assert_true(store_missing(one.store, realm, &sources, NULL, 0, &missing, &one.err));
	assert_int_equal(missing, 1);
	fixture_sql(other.store, "BEGIN; SELECT FROM lane FOR UPDATE");
	store_patience(one.store, USEC_PER_SEC / 2);
	assert_false(store_missing(one.store, realm, &sources, &open, 1, &missing, &one.err));
	assert_int_equal(fixture_int(other.store, "SELECT count(*) FROM gap"), 1);
	fixture_sql(other.store, "COMMIT");
	store_patience(one.store, 60 * USEC_PER_SEC);
	assert_true(store_reconnect(one.store, &one.err));
	assert_true(store_missing(one.store, realm, &sources, &open, 1, &missing, &one.err));
	assert_int_equal(fixture_int(other.store, "SELECT count(*) FROM gap"), 0);
	string_list_free(&sources);
	end(&one);
	end(&other);
}

// "Complete until" is of the look at the file, not of the moment at which the batch came to be stored.
static void a_source_is_complete_until_its_file_was_looked_at(void **state)
{
	(void)state;
	struct process one = {.there = log_bytes.len};
	struct batch_result result;
	begin(&one);
	open_stream(&one, log_bytes.len);
	assert_true(stream_bytes(one.stream, buf_view(&log_bytes), &one.err) &&
		    stream_end(one.stream, false, &one.err));
	stream_saw_size(one.stream, log_bytes.len);
	usec_t looked = usec_now();
	while (usec_now() < looked + USEC_PER_SEC / 5)
		;
	assert_true(batcher_flush(one.batcher, &one.stream, 1, &result, &one.err));
	char text[USEC_TEXT], query[200];
	snprintf(query, sizeof query, "SELECT count(*) FROM source WHERE checked_at <= '%s'",
		 usec_format(looked, 6, text));
	assert_int_equal(fixture_int(one.store, query), 1);
	end(&one);
}

static int empty(void **state)
{
	(void)state;
	struct store *store = fixture_open(&fixture, STORE_ADMIN);
	fixture_drop(&fixture);
	store_close(store);
	return 0;
}

static int start(void **state)
{
	(void)state;
	fixture_start(&fixture);
	struct err err = {0};
	utc = zone_open("UTC", &err);
	write_log_bytes();
	return utc ? 0 : -1;
}

static int stop(void **state)
{
	(void)state;
	buf_free(&log_bytes);
	zone_free(utc);
	fixture_stop(&fixture);
	return 0;
}

#define TEST(name) cmocka_unit_test_setup(name, empty)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_file_that_grew_since_it_was_opened_is_known),
		TEST(a_file_that_another_begins_at_the_same_time_is_known_at_the_second_look),
		TEST(a_shorter_file_with_the_same_head_is_another_one),
		TEST(the_end_that_an_import_met_is_none_for_who_follows_the_file),
		TEST(a_log_without_stanzas_is_not_missing_after_a_restart),
		TEST(a_missing_file_is_forgotten_under_the_lanes),
		TEST(a_source_is_complete_until_its_file_was_looked_at),
	};
	return cmocka_run_group_tests(tests, start, stop);
}
