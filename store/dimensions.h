// SPDX-License-Identifier: Apache-2.0
// Part of store/store.h, which is what others include: metrics by dimension (F9), and what they give.
#ifndef STORE_DIMENSIONS_H
#define STORE_DIMENSIONS_H

#include "core/err.h"
#include "core/text.h"
#include "core/ztime.h"
#include "store/narrow.h"

struct store;
struct arena;
struct string_list;
struct bin_count;

// --- groups: whole UTC days, from roll-ups ---

enum group_by {
	GROUP_PEERS_TO, // remote domains, by what was sent to them
	GROUP_PEERS_FROM,
	GROUP_CLIENTS,
	GROUP_TYPE,
	GROUP_CLASS,
	GROUP_STORED,
	GROUP_ENCRYPTED,
	GROUP_FROM_DOMAIN,
	GROUP_TO_DOMAIN,
	GROUP_CONDITION
};

enum group_order { GROUP_WORST, GROUP_RATE, GROUP_SLOW, GROUP_REQUESTED, GROUP_NAME };

struct group_query {
	int32_t realm;
	enum group_by by;
	enum group_order order;
	size_t limit;        // of groups; what is beyond is one
	int64_t min_count;   // GROUP_RATE: where fewer were asked for comes last
	usec_t since, until; // UTC days
	usec_t now, t_expire;
	struct text from_domain, to_domain; // absent = all
	struct text domain;              // peers: our side; clients: of the devices; absent = all
	const struct string_list *local; // peers: our domains; empty: any may be
};

struct failure_count {
	struct text condition;
	int64_t n;
};

struct metric_group {
	struct text name, detail; // detail: direction of domains, version of clients
	int64_t sent, unknown, failed_all, requested, confirmed, failed, pending, expired;
	int64_t read_requested, read;
	int64_t ttd_n, ttd_ms[5]; // p50, p90, p95, p99, max
	const struct failure_count *conditions;
	size_t condition_count;
	size_t groups; // that it is the sum of
	bool rated;    // not below min_count
	const struct bin_count *bins;
	size_t bin_count;
};

struct metric_groups {
	struct metric_group *items; // at most limit, in order
	size_t count;
	struct metric_group other;                  // the rest
	struct metric_group no_software, no_device; // clients: not known; beside the items
};

// All texts live in the arena.
bool store_groups(struct store *store, const struct group_query *query, struct arena *arena,
		  struct metric_groups *groups, struct err *err);

// --- people ---

struct people_query {
	int32_t realm;
	usec_t since, until; // users: UTC days
	usec_t now, t_expire;
	struct text domain, jid; // of the user, or of either of a pair; absent = all
	bool by_day;             // users
	int order;               // enum user_order, enum pair_order
	int64_t limit;
};
enum user_order { USERS_WORST, USERS_SENT, USERS_RECEIVED, USERS_NAME };
enum pair_order { PAIRS_WORST, PAIRS_SENT, PAIRS_NAME };

struct user_sums_row {
	struct text jid;
	usec_t day; // USEC_NONE = all of the window
	int64_t sent, requested, confirmed, failed, read_requested, read, received;
};

bool store_user_metrics(struct store *store, const struct people_query *query, void *self,
			bool (*each)(void *self, const struct user_sums_row *row), struct err *err);
// From rows: name and detail are sender and recipient.
bool store_pair_metrics(struct store *store, const struct people_query *query, void *self,
			bool (*each)(void *self, const struct metric_group *row), struct err *err);

#endif
