// SPDX-License-Identifier: Apache-2.0
// Answers that are made while they are read, and gzip.
#include "api/http/gzip.h"
#include "api/http/outlet.h"
#include "core/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zlib.h>

#include <cmocka.h>

enum { ROWS = 200000 }; // 2 MB: several rings

struct rows {
	size_t rows, put;
	bool fails, ended, freed;
	bool waits; // puts nothing until it is closed
};

static bool run(void *self, struct outlet *outlet)
{
	struct rows *rows = self;
	while (rows->waits && !outlet_closed(outlet))
		usleep(1000);
	for (; rows->put < rows->rows; rows->put++)
		if (!outlet_put(outlet, TEXT("0123456789")))
			return false;
	rows->ended = true;
	return !rows->fails;
}

static void done(void *self)
{
	((struct rows *)self)->freed = true;
}

static int sockets[2];

static struct outlet *start(struct rows *rows, bool gzip)
{
	const struct producer producer = {.self = rows, .run = run, .free = done};
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets), 0);
	return outlet_start(&producer, sockets[0], gzip);
}

static long read_all(struct outlet *outlet, struct buf *all)
{
	char piece[5000];
	long n;
	while ((n = outlet_read(outlet, piece, sizeof piece)) > 0)
		buf_add(all, piece, (size_t)n);
	return n;
}

static void end(struct outlet *outlet, const struct rows *rows)
{
	outlet_free(outlet);
	assert_true(rows->freed);
	close(sockets[0]);
	close(sockets[1]);
}

static void all_of_it_comes_in_order(void **state)
{
	(void)state;
	struct rows rows = {.rows = ROWS};
	struct buf all = {0};
	struct outlet *outlet = start(&rows, false);
	assert_int_equal(read_all(outlet, &all), 0);
	assert_int_equal(all.len, ROWS * 10);
	for (size_t i = 0; i < all.len; i += 10)
		assert_memory_equal(all.data + i, "0123456789", 10);
	buf_free(&all);
	end(outlet, &rows);
}

static void what_is_missing_is_seen(void **state)
{
	(void)state;
	struct rows rows = {.rows = 10, .fails = true};
	struct buf all = {0};
	struct outlet *outlet = start(&rows, false);
	assert_int_equal(read_all(outlet, &all), -1);
	assert_int_equal(all.len, 100);
	buf_free(&all);
	end(outlet, &rows);
}

static void nobody_reads_any_more(void **state)
{
	(void)state;
	struct rows rows = {.rows = ROWS};
	char piece[100];
	struct outlet *outlet = start(&rows, false);
	assert_true(outlet_read(outlet, piece, sizeof piece) > 0);
	end(outlet, &rows);
	assert_false(rows.ended);
	assert_true(rows.put < ROWS);
}

static void a_client_that_left_ends_the_waiting(void **state)
{
	(void)state;
	struct rows rows = {.rows = 1, .waits = true};
	char piece[100];
	struct outlet *outlet = start(&rows, false);
	shutdown(sockets[1], SHUT_RDWR);
	assert_int_equal(outlet_read(outlet, piece, sizeof piece), -1);
	end(outlet, &rows);
}

static void a_slow_client_is_late(void **state)
{
	(void)state;
	struct rows rows = {.rows = 100};
	char piece[10];
	struct outlet *outlet = start(&rows, false);
	usec_t later = usec_monotonic() + (OUTLET_PIECE_SECONDS + 1) * USEC_PER_SEC;
	assert_false(outlet_is_late(outlet, later)); // nothing is on its way
	assert_int_equal(outlet_read(outlet, piece, sizeof piece), 10);
	assert_false(outlet_is_late(outlet, usec_monotonic()));
	assert_true(outlet_is_late(outlet, later + USEC_PER_SEC));
	assert_true(outlet_is_late(outlet, usec_monotonic() + (OUTLET_SECONDS + 1) * USEC_PER_SEC));
	end(outlet, &rows);
}

static void compressed_it_is_the_same(void **state)
{
	(void)state;
	struct rows rows = {.rows = ROWS};
	struct buf all = {0};
	struct outlet *outlet = start(&rows, true);
	assert_int_equal(read_all(outlet, &all), 0);
	assert_true(all.len < ROWS);
	char *plain = malloc(ROWS * 10 + 1);
	z_stream stream = {.next_in = (Bytef *)all.data,
			   .avail_in = (uInt)all.len,
			   .next_out = (Bytef *)plain,
			   .avail_out = ROWS * 10 + 1};
	assert_int_equal(inflateInit2(&stream, 15 + 16), Z_OK);
	assert_int_equal(inflate(&stream, Z_FINISH), Z_STREAM_END);
	assert_int_equal(stream.total_out, ROWS * 10);
	assert_memory_equal(plain + ROWS * 10 - 10, "0123456789", 10);
	inflateEnd(&stream);
	free(plain);
	buf_free(&all);
	end(outlet, &rows);
}

static void who_takes_gzip(void **state)
{
	(void)state;
	static const char *const yes[] = {"gzip", "GZIP", "br, gzip", "deflate,gzip;q=0.1 , br",
					  " gzip ; q=1"};
	static const char *const no[] = {"",       "br",          "gzip;q=0", "gzip; q=0.000",
					 "x-gzip", "*, identity", "gzipped"};
	for (size_t i = 0; i < sizeof yes / sizeof *yes; i++)
		assert_true(gzip_accepted(text_of(yes[i])));
	for (size_t i = 0; i < sizeof no / sizeof *no; i++)
		assert_false(gzip_accepted(text_of(no[i])));
	assert_false(gzip_accepted(TEXT_NONE));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_of_it_comes_in_order),
		cmocka_unit_test(what_is_missing_is_seen),
		cmocka_unit_test(nobody_reads_any_more),
		cmocka_unit_test(a_client_that_left_ends_the_waiting),
		cmocka_unit_test(a_slow_client_is_late),
		cmocka_unit_test(compressed_it_is_the_same),
		cmocka_unit_test(who_takes_gzip),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
