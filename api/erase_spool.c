// SPDX-License-Identifier: Apache-2.0
#include "api/erase_spool.h"

#include "core/arena.h"
#include "core/settings.h"
#include "core/ztime.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { HEARD_MS = 10000, STORED_MS = 30000, LOOK_MS = 100 };

struct erase_spool {
	struct string_list segments;
};

struct erase_spool *erase_spool_new(void)
{
	return xcalloc(1, sizeof(struct erase_spool));
}

void erase_spool_free(struct erase_spool *spool)
{
	string_list_free(&spool->segments);
	free(spool);
}

bool erase_spool_is_veiled(const char *segment)
{
	char path[PATH_MAX];
	const char *dot = strrchr(segment, '.');
	if (!dot || strcmp(dot, ".spool") != 0)
		return false;
	snprintf(path, sizeof path, "%.*s.key", (int)(dot - segment), segment);
	return access(path, F_OK) == 0;
}

// ---- asking for a new segment

static void request_path(const char *segment, char path[PATH_MAX])
{
	const char *slash = strrchr(segment, '/');
	snprintf(path, PATH_MAX, "%.*s/leave", slash ? (int)(slash - segment) : 1,
		 slash ? segment : ".");
}

void erase_spool_add(struct erase_spool *spool, const char *segment)
{
	char path[PATH_MAX];
	request_path(segment, path);
	string_list_add(&spool->segments, text_of(segment));
	int fd = open(path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd >= 0)
		close(fd);
}

// ---- waiting

static bool is_heard(const struct erase_spool *spool)
{
	for (size_t i = 0; i < spool->segments.count; i++) {
		char path[PATH_MAX];
		request_path(spool->segments.items[i], path);
		if (access(path, F_OK) == 0)
			return false;
	}
	return true;
}

static bool is_gone(const struct erase_spool *spool)
{
	for (size_t i = 0; i < spool->segments.count; i++)
		if (access(spool->segments.items[i], F_OK) == 0)
			return false;
	return true;
}

static bool wait_for(const struct erase_spool *spool, bool (*done)(const struct erase_spool *spool),
		     int ms)
{
	usec_t until = usec_monotonic() + ms * INT64_C(1000);
	while (!done(spool)) {
		if (usec_monotonic() > until)
			return false;
		poll(NULL, 0, LOOK_MS);
	}
	return true;
}

bool erase_spool_wait(const struct erase_spool *spool)
{
	bool heard = wait_for(spool, is_heard, HEARD_MS);
	if (heard && wait_for(spool, is_gone, STORED_MS)) {
		for (size_t i = 0; i < spool->segments.count; i++)
			printf("%s may name it: stored and removed\n", spool->segments.items[i]);
		return true;
	}
	for (size_t i = 0; i < spool->segments.count; i++)
		if (access(spool->segments.items[i], F_OK) == 0)
			printf("%s may name it: it goes as soon as it is stored%s\n",
			       spool->segments.items[i],
			       heard ? "" : "; start receiptd run, nobody reads it now");
	return false;
}
