// SPDX-License-Identifier: Apache-2.0
// How this process does: counted in memory, so a restart begins at 0, as rate() expects.
#include "api/http/live.h"
#include "api/http/scrape.h"

#include <dirent.h>
#include <stdio.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

static void put_int(struct scrape_text *text, const char *name, enum scrape_type type,
		    const char *help, int64_t value)
{
	scrape_family(text, name, type, help);
	scrape_int(text, name, NULL, 0, value);
}

static void put_requests(struct call *call, struct scrape_text *text)
{
	static const char name[] = "receiptd_http_requests_total";
	static const char *const classes[] = {"2xx", "4xx", "5xx"};
	static const size_t places[] = {2, 4, 5};
	scrape_family(text, name, SCRAPE_COUNTER,
		      "Requests that reached a route, by class of the status");
	for (size_t i = 0; i < 3; i++) {
		const struct scrape_label label = {"code", text_of(classes[i])};
		scrape_int(text, name, &label, 1, atomic_load(&call->service->answered[places[i]]));
	}
}

static void put_live(struct call *call, struct scrape_text *text)
{
	struct live_state live;
	live_state(call->service->live, &live);
	put_int(text, "receiptd_live_clients", SCRAPE_GAUGE, "Open streams of server-sent events",
		(int64_t)live.clients);
	put_int(text, "receiptd_live_questions", SCRAPE_GAUGE,
		"Different questions that they ask, each a query for every commit",
		(int64_t)live.questions);
	put_int(text, "receiptd_live_opened_total", SCRAPE_COUNTER, "Streams opened", live.opened);
	put_int(text, "receiptd_live_events_total", SCRAPE_COUNTER, "Events sent to somebody",
		live.events);
	put_int(text, "receiptd_live_dropped_total", SCRAPE_COUNTER,
		"Streams closed because the client did not take what was sent", live.dropped);
}

static void put_pools(struct call *call, struct scrape_text *text)
{
	static const char name[] = "receiptd_pool_connections";
	const struct {
		const char *name;
		struct pool *pool;
	} pools[] = {{"read", call->service->read}, {"access", call->service->access}};
	scrape_family(text, name, SCRAPE_GAUGE, "Connections to the database, by pool and state");
	for (size_t i = 0; i < 2; i++) {
		struct pool_state state = pool_state(pools[i].pool);
		const struct {
			const char *state;
			size_t count;
		} states[] = {{"busy", state.busy}, {"idle", state.idle}, {"lost", state.lost}};
		for (size_t k = 0; k < 3; k++) {
			const struct scrape_label labels[] = {
				{"pool", text_of(pools[i].name)},
				{"state", text_of(states[k].state)},
			};
			scrape_int(text, name, labels, 2, (int64_t)states[k].count);
		}
	}
}

// ---- the process, under the names that every exporter uses

static int64_t resident_bytes(void)
{
	long long pages = 0, resident = 0;
	FILE *file = fopen("/proc/self/statm", "re");
	if (!file)
		return -1;
	int got = fscanf(file, "%lld %lld", &pages, &resident);
	fclose(file);
	return got == 2 ? resident * sysconf(_SC_PAGESIZE) : -1;
}

static int64_t open_descriptors(void)
{
	int64_t count = 0;
	DIR *folder = opendir("/proc/self/fd");
	if (!folder)
		return -1;
	while (readdir(folder))
		count++;
	closedir(folder);
	return count - 3; // ".", ".." and the folder itself
}

static void put_process(struct call *call, struct scrape_text *text)
{
	struct timespec used = {0};
	struct rlimit limit = {0};
	(void)call;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
	getrlimit(RLIMIT_NOFILE, &limit);
	scrape_family(text, "process_cpu_seconds_total", SCRAPE_COUNTER,
		      "User and system CPU time of this process");
	scrape_seconds(text, "process_cpu_seconds_total", NULL, 0,
		       used.tv_sec * USEC_PER_SEC + used.tv_nsec / 1000);
	put_int(text, "process_resident_memory_bytes", SCRAPE_GAUGE, "Resident memory",
		resident_bytes());
	put_int(text, "process_open_fds", SCRAPE_GAUGE, "Open descriptors", open_descriptors());
	put_int(text, "process_max_fds", SCRAPE_GAUGE, "Descriptors that may be open",
		(int64_t)limit.rlim_cur);
	scrape_family(text, "process_start_time_seconds", SCRAPE_GAUGE,
		      "When this server was started, as seconds since 1970");
	scrape_seconds(text, "process_start_time_seconds", NULL, 0, call->service->started_at);
}

void scrape_self(struct call *call, struct scrape_text *text, usec_t began)
{
	const struct scrape_label version = {"version", text_of(RECEIPTD_VERSION)};
	put_requests(call, text);
	put_live(call, text);
	put_pools(call, text);
	put_process(call, text);
	scrape_family(text, "receiptd_build_info", SCRAPE_GAUGE, "1, and which program this is");
	scrape_int(text, "receiptd_build_info", &version, 1, 1);
	scrape_family(text, "receiptd_scrape_duration_seconds", SCRAPE_GAUGE,
		      "What it took to make this answer; it is kept for a second");
	scrape_seconds(text, "receiptd_scrape_duration_seconds", NULL, 0, usec_monotonic() - began);
}
