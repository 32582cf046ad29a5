// SPDX-License-Identifier: Apache-2.0
// Who asks and how often: addresses and their ranges, X-Forwarded-For, the limits (F159).
#include "api/http/peer.h"
#include "core/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

static void addresses_have_one_form(void **state)
{
	static const struct {
		const char *text, *form; // NULL: not one
	} cases[] = {
		{"192.0.2.1", "192.0.2.1"},
		{"192.0.2.1:80", "192.0.2.1"},
		{"::1", "::1"},
		{"[::1]:80", "::1"},
		{"::ffff:192.0.2.1", "192.0.2.1"},
		{"2001:DB8::0:1", "2001:db8::1"},
		{"", NULL},
		{"192.0.2", NULL},
		{"192.0.2.256", NULL},
		{"[::1", NULL},
		{"localhost", NULL},
		{"192.0.2.1 ", NULL},
		{"192.0.2.1%eth0", NULL},
		{"unknown", NULL},
		{"_hidden", NULL},
		{"1:2:3:4:5:6:7:8:9", NULL},
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct address address;
		char text[ADDRESS_TEXT];
		bool good = address_parse(text_of(cases[i].text), &address);
		assert_int_equal(good, cases[i].form != NULL);
		if (good)
			assert_string_equal(address_format(&address, text), cases[i].form);
	}
}

static void ranges_hold_what_begins_alike(void **state)
{
	static const struct {
		const char *range, *address;
		int in; // -1: the range is none
	} cases[] = {
		{"10.0.0.0/8", "10.255.0.1", 1},
		{"10.0.0.0/8", "11.0.0.1", 0},
		{"192.0.2.1", "192.0.2.1", 1},
		{"192.0.2.1", "192.0.2.2", 0},
		{"192.0.2.128/25", "192.0.2.127", 0},
		{"192.0.2.128/25", "192.0.2.129", 1},
		{"0.0.0.0/0", "203.0.113.9", 1},
		{"0.0.0.0/0", "2001:db8::1", 0},
		{"fd00::/8", "fd12::1", 1},
		{"fd00::/8", "fe80::1", 0},
		{"::/0", "192.0.2.1", 1},
		{"::1/128", "::1", 1},
		{"10.0.0.0/33", "", -1},
		{"10.0.0.0/", "", -1},
		{"10.0.0.0/-1", "", -1},
		{"::/129", "", -1},
		{"10.0.0.0/8/8", "", -1},
		{"proxy.example", "", -1},
		{"", "", -1},
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct address_range range;
		struct address address;
		bool good = address_range_parse(text_of(cases[i].range), &range);
		assert_int_equal(good, cases[i].in >= 0);
		if (!good)
			continue;
		assert_true(address_parse(text_of(cases[i].address), &address));
		assert_int_equal(address_in(&address, &range), cases[i].in);
	}
}

static void only_a_proxy_is_believed(void **state)
{
	static const struct {
		const char *peer, *said, *client;
	} cases[] = {
		{"192.0.2.9", "203.0.113.1", "203.0.113.1"},
		{"192.0.2.9", "198.51.100.1, 203.0.113.1", "203.0.113.1"},
		{"192.0.2.9", "203.0.113.1,192.0.2.8 , 192.0.2.7", "203.0.113.1"},
		{"192.0.2.9", "192.0.2.8", "192.0.2.8"},
		{"192.0.2.9", "203.0.113.1, what", "192.0.2.9"},
		{"192.0.2.9", ",,", "192.0.2.9"},
		{"192.0.2.9", "", "192.0.2.9"},
		{"192.0.2.9", NULL, "192.0.2.9"},
		{"203.0.113.5", "198.51.100.1", "203.0.113.5"},
	};
	struct address_range trusted;
	assert_true(address_range_parse(TEXT("192.0.2.0/28"), &trusted));
	const struct proxies proxies = {&trusted, 1};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct sockaddr_in peer = {.sin_family = AF_INET};
		struct asker client;
		char text[ADDRESS_TEXT];
		inet_pton(AF_INET, cases[i].peer, &peer.sin_addr);
		client_find(&proxies, (const struct sockaddr *)&peer, text_of(cases[i].said),
			    &client);
		assert_string_equal(address_format(&client.address, text), cases[i].client);
	}
}

enum { SECOND = 1000000 };

static void a_rate_is_kept_and_a_burst_is_taken(void **state)
{
	struct limiter *limiter = limiter_new((struct limit){.rate = 10});
	usec_t now = 1000 * (usec_t)SECOND;
	int good = 0, wait = 0;
	(void)state;
	for (int i = 0; i < 100; i++) {
		struct limit_hold hold = {0};
		good += limit_enter(limiter, TEXT("a"), now, &hold, &wait) == LIMIT_GOOD;
		limit_leave(limiter, &hold);
	}
	assert_int_equal(good, 20);
	assert_int_equal(wait, 1);
	for (int i = 0; i < 100; i++) { // ten seconds, ten requests in each
		struct limit_hold hold = {0};
		now += SECOND / 10;
		assert_int_equal(limit_enter(limiter, TEXT("a"), now, &hold, &wait), LIMIT_GOOD);
		limit_leave(limiter, &hold);
	}
	struct limit_hold hold = {0};
	assert_int_equal(limit_enter(limiter, TEXT("b"), now, &hold, &wait), LIMIT_GOOD);
	limit_leave(limiter, &hold);
	limiter_free(limiter);
}

static void so_many_run_at_a_time(void **state)
{
	struct limiter *limiter = limiter_new((struct limit){.running = 2});
	struct limit_hold holds[3] = {{0}};
	int wait = 0;
	(void)state;
	assert_int_equal(limit_enter(limiter, TEXT("a"), 1, &holds[0], &wait), LIMIT_GOOD);
	assert_int_equal(limit_enter(limiter, TEXT("a"), 1, &holds[0], &wait), LIMIT_GOOD); // held
	assert_int_equal(limit_enter(limiter, TEXT("a"), 1, &holds[1], &wait), LIMIT_GOOD);
	assert_int_equal(limit_enter(limiter, TEXT("a"), 1, &holds[2], &wait), LIMIT_RUNNING);
	assert_false(holds[2].held);
	limit_leave(limiter, &holds[2]); // nothing to give back
	limit_leave(limiter, &holds[0]);
	limit_leave(limiter, &holds[0]);
	assert_int_equal(limit_enter(limiter, TEXT("a"), 1, &holds[2], &wait), LIMIT_GOOD);
	limit_leave(limiter, &holds[1]);
	limit_leave(limiter, &holds[2]);
	limiter_free(limiter);
}

// More askers than places: memory is what it was, and nobody is refused for it.
static void memory_is_bounded(void **state)
{
	struct limiter *limiter = limiter_new((struct limit){.rate = 1, .running = 1});
	int wait = 0;
	(void)state;
	for (int i = 0; i < 20000; i++) {
		char name[8];
		struct limit_hold hold = {0};
		memcpy(name, &i, sizeof i);
		struct text who = {name, sizeof i};
		assert_int_equal(limit_enter(limiter, who, SECOND, &hold, &wait), LIMIT_GOOD);
	}
	limiter_free(limiter);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_have_one_form),
		cmocka_unit_test(ranges_hold_what_begins_alike),
		cmocka_unit_test(only_a_proxy_is_believed),
		cmocka_unit_test(a_rate_is_kept_and_a_burst_is_taken),
		cmocka_unit_test(so_many_run_at_a_time),
		cmocka_unit_test(memory_is_bounded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
