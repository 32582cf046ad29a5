// SPDX-License-Identifier: Apache-2.0
// Reading alone, one dialect after the other: the same made-up traffic as each of them writes it, with the
// other lines that it has in captures. CPU time, and how many times that of counting the log's lines it is. Nothing
// is printed of a log of which not every stanza was read.
//
//	dialects [--messages N] [--dialect NAME]
#include "tests/bench/bench.h"

#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

enum { CHUNK = 262144, MESSAGES = 4000 };

struct wish {
	int64_t messages;
	const char *dialect;
};

static double cpu(void)
{
	struct rusage used;
	getrusage(RUSAGE_SELF, &used);
	return (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
	       (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

// What no reader of lines can do without.
static int64_t count_lines(const char *path)
{
	static char bytes[CHUNK];
	int64_t lines = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		bench_fail(path, "cannot be read");
	for (ssize_t got; (got = read(fd, bytes, sizeof bytes)) > 0;)
		for (const char *at = bytes, *end = bytes + got;
		     at < end && (at = memchr(at, '\n', (size_t)(end - at))); at++)
			lines++;
	close(fd);
	return lines;
}

static void measure(const char *folder, const char *events, const struct traffic *traffic,
		    const char *dialect)
{
	char path[256];
	snprintf(path, sizeof path, "%s/%s.log", folder, dialect);
	int64_t size = render_log(events, path, dialect);
	int64_t wanted = traffic->events * render_copies(dialect);
	double before = cpu();
	int64_t lines = count_lines(path);
	double counted = cpu();
	int64_t read = parse_log(path, dialect);
	double parsed = cpu() - counted;
	counted -= before;
	remove(path);
	if (read != wanted)
		bench_fail(dialect, "not every stanza was read");
	printf("  %-20s %7.1f MB %9lld lines  %7.1f MB/s %9.0f stanzas/s   %6.1f times a count of lines\n",
	       dialect, (double)size / 1e6, (long long)lines, (double)size / 1e6 / parsed,
	       (double)read / parsed, parsed / (counted > 0.001 ? counted : 0.001));
}

static void parse_options(int argc, char **argv, struct wish *wish)
{
	static const struct option options[] = {
		{"messages", 1, NULL, 'm'}, {"dialect", 1, NULL, 'd'}, {0}};
	*wish = (struct wish){.messages = MESSAGES};
	for (int c; (c = getopt_long(argc, argv, "", options, NULL)) >= 0;) {
		if (c == 'm')
			wish->messages = strtoll(optarg, NULL, 10);
		else if (c == 'd')
			wish->dialect = optarg;
		else
			exit(2);
	}
	if (wish->messages < 1)
		exit(2);
}

int main(int argc, char **argv)
{
	char folder[] = "/tmp/receiptd-bench-XXXXXX", events[64];
	struct traffic traffic;
	struct wish wish;
	parse_options(argc, argv, &wish);
	if (!mkdtemp(folder))
		bench_fail(folder, "cannot be made");
	snprintf(events, sizeof events, "%s/events", folder);
	traffic_write(events, wish.messages, &traffic);
	printf("\nread only, %lld stanzas of messages each, CPU time\n", (long long)traffic.events);
	for (int i = 0; render_dialect(i); i++)
		if (!wish.dialect || !strcmp(wish.dialect, render_dialect(i)))
			measure(folder, events, &traffic, render_dialect(i));
	remove(events);
	rmdir(folder);
	return 0;
}
