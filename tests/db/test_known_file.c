// SPDX-License-Identifier: Apache-2.0
// F84: two processes begin the same growing file. It stays one generation, wherever the file grows and the other one
// stores while the first one looks (ingest/known_file.c).
#include "tests/db/fixture.h"

#include "ingest/batcher.h"
#include "ingest/stream.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

enum { LINES = 40, FEW = 2 };

static struct fixture fixture;
static struct buf log_bytes;
static size_t first_lines; // bytes of a few lines

struct process {
	struct store *store;
	struct batcher *batcher;
	struct stream *stream;
	struct realm_settings rules;
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
	const struct stream_options options = {.path = "traffic.ndjson",
					       .source = "traffic",
					       .dialect = dialect_by_name(TEXT("observations")),
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

// It was opened while it was short; before the database was asked, the other process had stored more.
static void a_file_that_grew_since_it_was_opened_is_known(void **state)
{
	(void)state;
	struct process one = {0}, other = {0};
	begin(&other);
	begin(&one);
	store_all(&other);
	one.there = log_bytes.len;
	open_stream(&one, first_lines);
	assert_false(stream_is_new(one.stream));
	one_generation(&one);
	end(&one);
	end(&other);
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

// A head of another file, and one that is shorter than what was read of it, are no proof.
static void a_shorter_file_with_the_same_head_is_another_one(void **state)
{
	(void)state;
	struct process one = {0}, other = {0};
	begin(&other);
	begin(&one);
	store_all(&other);
	one.there = first_lines;
	open_stream(&one, first_lines);
	assert_true(stream_is_new(one.stream));
	end(&one);
	end(&other);
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
	write_log_bytes();
	return 0;
}

static int stop(void **state)
{
	(void)state;
	buf_free(&log_bytes);
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
	};
	return cmocka_run_group_tests(tests, start, stop);
}
