// SPDX-License-Identifier: Apache-2.0
// The bench of the store stage (DESIGN section 7): made-up observations through the product's own
// store_commit(), against binary COPY of the rows that came out. Product and limit alternate; the
// table shows medians of the ratios of each pair. Nothing is printed unless all runs left the same
// rows and all evidence was paired.
//
//	store [--messages N] [--rounds N] [--batch EVENTS]... [--product-only]
#include "store/check.h"
#include "tests/bench/bench.h"

#include <getopt.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>

enum { ROUNDS_MAX = 9, BATCHES = 4 };

struct wish {
	int64_t messages, batch[BATCHES];
	int rounds, batches;
	bool product_only;
};

struct outcome { // of all rounds with one size of batch
	struct run_result product[ROUNDS_MAX], limit[ROUNDS_MAX];
	int64_t settled_bytes, limit_bytes, hot, updates;
	char *sizes;
};

static char *size_list(struct store *store)
{
	return fixture_text(
		store, "SELECT string_agg(t || ' ' || round(b / 1048576.0, 1) || ' MB', ', ' "
		       "ORDER BY b DESC) FROM (SELECT regexp_replace(c.relname, "
		       "'_([0-9]{8}|other)$', '') AS t, sum(pg_total_relation_size(c.oid)) AS b "
		       "FROM pg_class AS c WHERE c.relnamespace = 'receiptd'::regnamespace AND "
		       "c.relkind = 'r' GROUP BY 1) AS s WHERE b > 500000");
}

// --- what must agree ---

static void expect(struct store *store, const char *query, int64_t wanted, const char *what)
{
	int64_t got = fixture_int(store, query);
	if (got == wanted)
		return;
	fprintf(stderr, "bench: %s: %lld instead of %lld\n", what, (long long)got,
		(long long)wanted);
	exit(1);
}

static void check_pairing(const struct bench *bench, struct store *store)
{
	const struct traffic *made = &bench->traffic;
	expect(store, "SELECT count(*) FROM message", made->messages, "messages");
	expect(store, "SELECT sum(acks)::int8 FROM message", made->receipts + made->markers,
	       "acks");
	expect(store, "SELECT count(*) FROM message WHERE marks & 2 <> 0", made->messages,
	       "directly delivered");
	expect(store, "SELECT count(*) FROM ack WHERE class <> 0", 0, "orphans");
	// Bursts of one pair may overlap; then it is read in another order than it was sent.
	expect(store,
	       "SELECT count(*) FROM finding WHERE NOT withdrawn AND rule <> 'MARK-BACKWARD'", 0,
	       "findings");
}

static void print_difference(void *self, const struct check_difference *it)
{
	(void)self;
	fprintf(stderr, "bench: %.*s: %.*s %.*s, recomputed %.*s\n", (int)it->what.n, it->what.p,
		(int)it->column.n, it->column.p, (int)it->stored.n, it->stored.p, (int)it->made.n,
		it->made.p);
}

// Rows and findings are those of their evidence, roll-ups by delta those that are counted from rows.
static void check_rollups(struct bench *bench, struct store *store)
{
	struct err err = {0};
	struct clock clock;
	struct run_result took;
	struct check_result result;
	struct realm_settings rules;
	realm_settings_default(&rules);
	struct check_request request = {.realm = 1,
					.name = TEXT("default"),
					.rules = &rules,
					.since = USEC_NONE,
					.until = USEC_NONE,
					.limit = 5,
					.difference = print_difference};
	store_patience(store, 600 * USEC_PER_SEC);
	clock_start(bench, store, &clock);
	if (!store_check(store, &request, &result, &err))
		bench_fail("check", err.text);
	if (result.differences || !result.rows)
		bench_fail("rows", "are not what comes out anew");
	clock_stop(bench, store, &clock, &took);
	fprintf(stderr, "  check    %6.2f s wall, %6.2f + %6.2f s CPU, %lld MB\n",
		(double)took.wall / 1e6, (double)took.client_cpu / 1e6,
		(double)took.server_cpu / 1e6, (long long)took.rss_kb / 1024);
	realm_settings_free(&rules);
}

static void check_sum(struct store *store, char **first, const char *what)
{
	char *sum = checksum(store);
	if (!*first) {
		if (getenv("BENCH_LOG"))
			fprintf(stderr, "%s\n", sum);
		*first = sum;
		return;
	}
	if (strcmp(sum, *first) != 0) {
		fprintf(stderr, "bench: %s left other rows:\n %s\n %s\n", what, *first, sum);
		exit(1);
	}
	free(sum);
}

// --- rounds ---

static void hot_share(struct store *store, struct outcome *outcome)
{
	fixture_sql(store, "SELECT pg_stat_force_next_flush()");
	outcome->updates =
		fixture_int(store, "SELECT sum(n_tup_upd)::int8 FROM pg_stat_user_tables "
				   "WHERE relname LIKE 'message%'");
	outcome->hot =
		fixture_int(store, "SELECT sum(n_tup_hot_upd)::int8 FROM pg_stat_user_tables "
				   "WHERE relname LIKE 'message%'");
}

static void product_round(struct bench *bench, int round, bool dump, char **sum,
			  struct outcome *outcome)
{
	struct store *store = bench_fresh(bench);
	run_leg(bench, leg_product, &outcome->product[round]);
	fprintf(stderr, "  product  %6.2f s wall, %6.2f + %6.2f s CPU (client + server), %lld MB\n",
		(double)outcome->product[round].wall / 1e6,
		(double)outcome->product[round].client_cpu / 1e6,
		(double)outcome->product[round].server_cpu / 1e6,
		(long long)outcome->product[round].rss_kb / 1024);
	check_pairing(bench, store);
	check_rollups(bench, store);
	check_sum(store, sum, "product");
	if (round == 0) {
		hot_share(store, outcome);
		outcome->settled_bytes = total_bytes(store);
		outcome->sizes = size_list(store);
		if (dump)
			dump_rows(bench, store);
	}
	store_close(store);
}

static void limit_round(struct bench *bench, int round, char **sum, struct outcome *outcome)
{
	struct store *store = bench_fresh(bench);
	run_leg(bench, leg_limit, &outcome->limit[round]);
	fprintf(stderr, "  limit    %6.2f s wall, %6.2f + %6.2f s CPU\n",
		(double)outcome->limit[round].wall / 1e6,
		(double)outcome->limit[round].client_cpu / 1e6,
		(double)outcome->limit[round].server_cpu / 1e6);
	check_sum(store, sum, "limit");
	if (round == 0)
		outcome->limit_bytes = total_bytes(store);
	store_close(store);
}

// --- the table ---

static int by_value(const void *a, const void *b)
{
	const double *x = a, *y = b;
	return (*x > *y) - (*x < *y);
}

static usec_t cpu(const struct run_result *leg)
{
	return leg->client_cpu + leg->server_cpu;
}

static usec_t wall(const struct run_result *leg)
{
	return leg->wall;
}

static usec_t wal(const struct run_result *leg)
{
	return leg->wal;
}

// Median of over[i] / under[i].
static double median(const struct run_result *over, const struct run_result *under, int rounds,
		     usec_t (*of)(const struct run_result *))
{
	double ratios[ROUNDS_MAX];
	for (int i = 0; i < rounds; i++)
		ratios[i] = (double)of(&over[i]) / (double)of(&under[i]);
	qsort(ratios, (size_t)rounds, sizeof *ratios, by_value);
	return ratios[rounds / 2];
}

static void print_outcome(const struct bench *bench, const struct wish *wish,
			  const struct outcome *it)
{
	double wanted = wish->messages >= 5000000 ? 0.60 : bench->batch >= 200000 ? 0.80 : 0.65;
	char target[16];
	double walls = median(it->limit, it->product, wish->rounds, wall);
	double cpus = median(it->limit, it->product, wish->rounds, cpu);
	double wals = median(it->product, it->limit, wish->rounds, wal);
	double bytes = (double)it->product[0].bytes / (double)it->limit_bytes;
	const struct run_result *first = &it->product[0];
	snprintf(target, sizeof target, ">= %.2f", wanted);
	printf("\n%lld messages, %lld events, batches of at most %lld events or %lld MB of facts "
	       "(%lld batches, %lld events each)\n",
	       (long long)bench->traffic.messages, (long long)bench->traffic.events,
	       (long long)bench->batch, (long long)(bench->fixture.app.settings->flush_bytes >> 20),
	       (long long)first->batches, (long long)(bench->traffic.events / first->batches));
	bench_line("share of the COPY limit, wall", walls, target, walls >= wanted);
	bench_line("share of the COPY limit, CPU (client + server)", cpus, target, cpus >= wanted);
	bench_line("WAL against the limit", wals, "<= 1.25", wals <= 1.25);
	bench_line("bytes against the limit", bytes, "<= 1.12", bytes <= 1.12);
	bench_line("peak memory of the client, MB", (double)first->rss_kb / 1024, "<= 128",
		   first->rss_kb <= 128 * 1024);
	bench_line("messages/s", (double)first->rows / ((double)first->wall / 1e6), "", true);
	bench_line("bytes per message (tables, indexes, toast)",
		   (double)first->bytes / (double)first->rows, "", true);
	bench_line("WAL bytes per message", (double)first->wal / (double)first->rows, "", true);
	bench_line("late share: rows updated / rows, %",
		   100 * (double)first->late / (double)first->rows, "", true);
	bench_line("HOT share of updates, %",
		   it->updates ? 100 * (double)it->hot / (double)it->updates : 100, "", true);
	bench_line("bytes per message once settled",
		   (double)it->settled_bytes / (double)first->rows, "", true);
	bench_line("settle tier after it, s", (double)first->settle / 1e6, "", true);
	printf("  %s\n", it->sizes);
}

static void others(struct bench *bench, const struct run_result *product)
{
	struct run_result usual, single;
	store_close(bench_fresh(bench));
	run_leg(bench, leg_usual, &usual);
	store_close(bench_fresh(bench));
	run_leg(bench, leg_single, &single);
	double each = (double)single.wall / (double)single.rows;
	double ratio = each / ((double)product->wall / (double)product->rows);
	printf("\nagainst other ways\n");
	bench_line("row at a time, a commit each: times as slow", ratio, ">= 50", ratio >= 50);
	printf("  %-52s %8lld   scaled\n", "  measured on messages", (long long)single.rows);
	bench_line("COPY into the usual two indexes, message only, s", (double)usual.wall / 1e6, "",
		   true);
	bench_line("  its CPU, s", (double)cpu(&usual) / 1e6, "", true);
}

// --- main ---

static void prepare(struct bench *bench, const struct wish *wish)
{
	bench_start(bench);
	traffic_write(bench->events, wish->messages, &bench->traffic);
	fprintf(stderr,
		"traffic: %lld messages, %lld receipts, %lld markers, %lld waited, %lld events\n",
		(long long)bench->traffic.messages, (long long)bench->traffic.receipts,
		(long long)bench->traffic.markers, (long long)bench->traffic.waited,
		(long long)bench->traffic.events);
}

static void parse(int argc, char **argv, struct wish *wish)
{
	static const struct option options[] = {{"messages", 1, NULL, 'm'},
						{"rounds", 1, NULL, 'r'},
						{"batch", 1, NULL, 'b'},
						{"product-only", 0, NULL, 'p'},
						{0}};
	*wish = (struct wish){.messages = 1000000, .rounds = 3};
	for (int c; (c = getopt_long(argc, argv, "", options, NULL)) >= 0;) {
		if (c == 'm')
			wish->messages = strtoll(optarg, NULL, 10);
		else if (c == 'r')
			wish->rounds = (int)strtol(optarg, NULL, 10);
		else if (c == 'b' && wish->batches < BATCHES)
			wish->batch[wish->batches++] = strtoll(optarg, NULL, 10);
		else if (c == 'p')
			wish->product_only = true;
		else
			exit(2);
	}
	if (!wish->batches) {
		wish->batches = 2;
		wish->batch[0] = 200000;
		wish->batch[1] = 50000;
	}
	if (wish->messages < 1 || wish->rounds < 1 || wish->rounds > ROUNDS_MAX)
		exit(2);
}

// The server's log, before the fixture removes it.
static void save_log(const char *folder, const char *path)
{
	char pattern[256], bytes[4096];
	glob_t found;
	FILE *out = fopen(path, "we");

	snprintf(pattern, sizeof pattern, "%s/pg/log/*", folder);
	if (!out || glob(pattern, 0, NULL, &found) != 0)
		bench_fail("log", "cannot be saved");
	for (size_t i = 0; i < found.gl_pathc; i++) {
		FILE *in = fopen(found.gl_pathv[i], "re");
		for (size_t got; in && (got = fread(bytes, 1, sizeof bytes, in)) > 0;)
			fwrite(bytes, 1, got, out);
		if (in)
			fclose(in);
	}
	fclose(out);
	globfree(&found);
}

int main(int argc, char **argv)
{
	static struct bench bench;
	static struct outcome outcome;
	struct wish wish;
	parse(argc, argv, &wish);
	prepare(&bench, &wish);
	for (int b = 0; b < wish.batches; b++) {
		char *sum = NULL;
		outcome = (struct outcome){0};
		bench.batch = wish.batch[b];
		fprintf(stderr, "batches of %lld events\n", (long long)bench.batch);
		for (int round = 0; round < wish.rounds; round++) {
			product_round(&bench, round, !wish.product_only, &sum, &outcome);
			if (!wish.product_only)
				limit_round(&bench, round, &sum, &outcome);
		}
		if (!wish.product_only)
			print_outcome(&bench, &wish, &outcome);
		free(outcome.sizes);
		free(sum);
	}
	if (!wish.product_only)
		others(&bench, &outcome.product[0]);
	if (getenv("BENCH_LOG"))
		save_log(bench.fixture.folder, getenv("BENCH_LOG"));
	fixture_stop(&bench.fixture);
	return 0;
}
