// SPDX-License-Identifier: Apache-2.0
// Clocks of a leg: wall, processor time of the client and of all processes of the server, WAL.
#include "tests/bench/bench.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

_Noreturn void bench_fail(const char *what, const char *why)
{
	fprintf(stderr, "bench: %s: %s\n", what, why);
	exit(1);
}

struct times {
	pid_t parent;
	int64_t own, reaped; // ticks
};

// Field 4 is the parent, 14 to 17 are the times; the name in field 2 may hold anything.
static bool read_times(pid_t pid, struct times *times)
{
	char path[64], line[1024] = "";
	snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
	FILE *file = fopen(path, "re");
	if (!file)
		return false;
	bool got = fgets(line, sizeof line, file) != NULL;
	fclose(file);
	char *at = strrchr(line, ')');
	if (!got || !at)
		return false;
	int64_t fields[18] = {0};
	at += 3; // ") S"
	for (int field = 4; field < 18; field++)
		fields[field] = strtoll(at, &at, 10);
	*times = (struct times){(pid_t)fields[4], fields[14] + fields[15], fields[16] + fields[17]};
	return true;
}

// The postmaster, its children that live and those that it has buried.
static usec_t server_cpu(pid_t postmaster)
{
	struct times times;
	if (!read_times(postmaster, &times))
		bench_fail("server", "is gone");
	int64_t ticks = times.own + times.reaped;
	DIR *proc = opendir("/proc");
	for (const struct dirent *entry; proc && (entry = readdir(proc));) {
		pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);
		if (pid > 0 && read_times(pid, &times) && times.parent == postmaster)
			ticks += times.own + times.reaped;
	}
	if (proc)
		closedir(proc);
	return ticks * USEC_PER_SEC / sysconf(_SC_CLK_TCK);
}

static usec_t client_cpu(void)
{
	struct rusage usage;
	getrusage(RUSAGE_SELF, &usage);
	return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * USEC_PER_SEC +
	       usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
}

static int64_t lsn(struct store *store)
{
	return fixture_int(store, "SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')"
				  "::int8");
}

void clock_start(struct bench *bench, struct store *store, struct clock *clock)
{
	clock->lsn = lsn(store);
	clock->server = server_cpu(bench->postmaster);
	clock->client = client_cpu();
	clock->wall = usec_monotonic();
}

static int64_t peak_rss_kb(void)
{
	char line[256];
	int64_t kb = 0;
	FILE *file = fopen("/proc/self/status", "re");
	while (file && fgets(line, sizeof line, file))
		if (!strncmp(line, "VmHWM:", 6))
			kb = strtoll(line + 6, NULL, 10);
	if (file)
		fclose(file);
	return kb;
}

void clock_stop(struct bench *bench, struct store *store, const struct clock *clock,
		struct run_result *leg)
{
	leg->wall = usec_monotonic() - clock->wall;
	leg->client_cpu = client_cpu() - clock->client;
	leg->server_cpu = server_cpu(bench->postmaster) - clock->server;
	leg->wal = lsn(store) - clock->lsn;
	leg->rss_kb = peak_rss_kb();
}

int64_t total_bytes(struct store *store)
{
	return fixture_int(store,
			   "SELECT sum(pg_total_relation_size(c.oid))::int8 FROM pg_class AS c "
			   "WHERE c.relnamespace = 'receiptd'::regnamespace AND c.relkind = "
			   "'r'");
}

// All columns but the number of the commit that wrote a row last: what waits is settled in no order within one instant.
static char *columns_of(struct store *store, const char *table)
{
	char query[256];
	snprintf(
		query, sizeof query,
		"SELECT string_agg('t.' || quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute "
		"WHERE attrelid = '%s'::regclass AND attnum > 0 AND NOT attisdropped AND attname <> 'commit'",
		table);
	return fixture_text(store, query);
}

static char *sum_of(struct store *store, const char *table)
{
	struct buf query = {0};
	char *columns = columns_of(store, table);
	buf_printf(
		&query,
		"SELECT count(*) || ':' || coalesce(sum(hashtextextended(ROW(%s)::text, 0)), 0) FROM %s AS t",
		columns, table);
	char *sum = fixture_text(store, query.data);
	free(columns);
	buf_free(&query);
	return sum;
}

char *checksum(struct store *store)
{
	struct buf all = {0};
	for (int i = 0; i < BENCH_TABLES; i++) {
		char *sum = sum_of(store, bench_tables[i].name);
		buf_printf(&all, "%s %s; ", bench_tables[i].name, sum);
		free(sum);
	}
	return all.data;
}
