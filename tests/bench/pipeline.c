// SPDX-License-Identifier: Apache-2.0
// The bench of the whole pipeline (DESIGN section 7): one made-up traffic as a server's log, read only;
// stored only (as the bench of the store stage does it); and imported, as a user does. The import is
// compared with the slower of the other two. No number is printed unless all came to the same rows.
//
//	pipeline [--messages N] [--rounds N] [--dialect NAME]
//	pipeline --render LOG --dialect NAME     only makes the log
//	pipeline --parse LOG --dialect NAME      reads only: for callgrind
#include "ingest/ingest.h"
#include "tests/bench/bench.h"

#include <getopt.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

struct wish {
	int64_t messages;
	int rounds;
	const char *dialect, *parse, *render;
};

static atomic_int never;

bool leg_import(struct bench *bench, struct store *store, struct run_result *leg)
{
	struct clock clock;
	char *argv[] = {"import",   "--zone", "UTC", "--dialect", (char *)(uintptr_t)bench->dialect,
			bench->log, NULL};
	bench->fixture.app.stop = &never;
	make_days(store);
	fflush(NULL);
	if (!freopen("/dev/null", "w", stdout))
		return false;
	clock_start(bench, store, &clock);
	usec_t start = usec_now();
	int status = cmd_import(&bench->fixture.app, sizeof argv / sizeof *argv - 1, argv);
	clock_stop(bench, store, &clock, leg);
	// Up to the last commit: the command settles too before it ends, the other legs do not.
	usec_t whole = leg->wall;
	usec_t end = fixture_int(store, "SELECT (extract(epoch FROM max(at)) * 1000000)::int8 "
					"FROM receiptd.batch WHERE events > 0");
	leg->wall = end - start;
	leg->settle = whole - leg->wall;
	leg->rows = fixture_int(store, "SELECT count(*) FROM message");
	int64_t acks = fixture_int(store, "SELECT coalesce(sum(acks), 0)::int8 FROM message");
	return status == 0 && leg->rows == bench->traffic.messages &&
	       acks == bench->traffic.receipts + bench->traffic.markers;
}

static double seconds(usec_t usec)
{
	return (double)usec / 1e6;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

static void round_of(struct bench *bench, struct run_result legs[3])
{
	static bool (*const run[])(struct bench *, struct store *,
				   struct run_result *) = {leg_parse, leg_product, leg_import};
	for (int i = 0; i < 3; i++) {
		store_close(bench_fresh(bench));
		run_leg(bench, run[i], &legs[i]);
	}
}

static void measure(struct bench *bench, const struct wish *wish)
{
	double shares[9];
	struct run_result legs[3] = {0};
	bench->dialect = wish->dialect;
	snprintf(bench->log, sizeof bench->log, "%s/%s.log", bench->fixture.folder, wish->dialect);
	int64_t size = render_log(bench->events, bench->log, wish->dialect);
	printf("\n%s, %.1f MB, %lld stanzas\n", wish->dialect, (double)size / 1e6,
	       (long long)bench->traffic.events);
	for (int i = 0; i < wish->rounds; i++) {
		round_of(bench, legs);
		usec_t slower = legs[0].wall > legs[1].wall ? legs[0].wall : legs[1].wall;
		shares[i] = (double)slower / (double)legs[2].wall;
	}
	qsort(shares, (size_t)wish->rounds, sizeof *shares, by_value);
	double share = shares[wish->rounds / 2];
	bench_line("read only, MB/s", (double)size / 1e6 / seconds(legs[0].wall), "", true);
	bench_line("read only, stanzas/s", (double)legs[0].rows / seconds(legs[0].wall), "", true);
	bench_line("stored only, messages/s", (double)legs[1].rows / seconds(legs[1].wall), "",
		   true);
	bench_line("imported, messages/s", (double)legs[2].rows / seconds(legs[2].wall), "", true);
	bench_line("import against the slower of both", share, ">= 0.85", share >= 0.85);
	bench_line("peak memory of the import, MB", (double)legs[2].rss_kb / 1024, "<= 128",
		   legs[2].rss_kb <= 128 * 1024);
}

static void parse_options(int argc, char **argv, struct wish *wish)
{
	static const struct option options[] = {
		{"messages", 1, NULL, 'm'}, {"rounds", 1, NULL, 'r'}, {"dialect", 1, NULL, 'd'},
		{"parse", 1, NULL, 'p'},    {"render", 1, NULL, 'w'}, {0}};
	*wish = (struct wish){.messages = 200000, .rounds = 3};
	for (int c; (c = getopt_long(argc, argv, "", options, NULL)) >= 0;) {
		switch (c) {
		case 'm':
			wish->messages = strtoll(optarg, NULL, 10);
			break;
		case 'r':
			wish->rounds = (int)strtol(optarg, NULL, 10);
			break;
		case 'd':
			wish->dialect = optarg;
			break;
		case 'p':
			wish->parse = optarg;
			break;
		case 'w':
			wish->render = optarg;
			break;
		default:
			exit(2);
		}
	}
	if (wish->messages < 1 || wish->rounds < 1 || wish->rounds > 9 ||
	    (wish->parse && !wish->dialect))
		exit(2);
}

// A log for callgrind; its events go with it. Says how many stanzas and acks it holds.
static void render_only(const struct wish *wish)
{
	struct traffic traffic;
	char events[256];
	snprintf(events, sizeof events, "%s.events", wish->render);
	traffic_write(events, wish->messages, &traffic);
	render_log(events, wish->render, wish->dialect);
	remove(events);
	printf("%lld %lld\n", (long long)traffic.events,
	       (long long)(traffic.receipts + traffic.markers));
}

int main(int argc, char **argv)
{
	static const char *const dialects[] = {"prosody", "openfire-audit"};
	static struct bench bench;
	struct wish wish;
	parse_options(argc, argv, &wish);
	if (wish.render) {
		render_only(&wish);
		return 0;
	}
	if (wish.parse) {
		printf("%lld\n", (long long)parse_log(wish.parse, wish.dialect));
		return 0;
	}
	bench_start(&bench);
	bench.batch = 200000;
	traffic_write(bench.events, wish.messages, &bench.traffic);
	const char *one = wish.dialect;
	for (size_t i = 0; i < sizeof dialects / sizeof *dialects; i++) {
		wish.dialect = dialects[i];
		if (!one || !strcmp(one, dialects[i]))
			measure(&bench, &wish);
	}
	fixture_stop(&bench.fixture);
	return 0;
}
