// SPDX-License-Identifier: Apache-2.0
// Metrics by client software (F9): what came of messages is summed by device and day; which software a
// device was is looked up here. Tens of thousands of devices and a month of days are brought together
// several times as fast as a join in the database does it.
#include "store/message_row.h"
#include "store/read_groups.h"

#include "core/mix.h"

#include <stdlib.h>

struct client {
	struct metric_group group; // name and version
	struct histogram deliver;
	struct client *next; // of the same hash
};

struct clients {
	struct arena *arena;
	struct {
		struct client **items;
		size_t count, cap;
	} list;
	struct map by_name;   // name and version -> struct client
	struct map by_device; // device, or device and day -> struct client
	struct fields varied; // devices that are told apart by day; may repeat
	struct client no_software, no_device;
	usec_t edge; // what was sent on a day after it is pending
};

// --- which software ---

static bool same_name(struct text a, struct text b)
{
	return !a.p == !b.p && (!a.p || text_same(a, b));
}

static struct client *find_client(struct clients *clients, struct text name, struct text version)
{
	uint64_t hash = mix_text(mix_text(1, name), version.p ? version : TEXT(""));
	void **place = map_put(&clients->by_name, (int64_t)hash);
	for (struct client *client = *place; client; client = client->next) {
		if (same_name(client->group.name, name) && same_name(client->group.detail, version))
			return client;
	}
	struct client *client = arena_alloc(clients->arena, sizeof *client);
	client->group.name = arena_text(clients->arena, name);
	client->group.detail = version.p ? arena_text(clients->arena, version) : TEXT_NONE;
	client->group.groups = 1;
	client->next = *place;
	*place = client;
	if (clients->list.count == clients->list.cap) {
		clients->list.cap = clients->list.cap ? clients->list.cap * 2 : 64;
		clients->list.items = xrealloc(clients->list.items,
					       clients->list.cap * sizeof *clients->list.items);
	}
	clients->list.items[clients->list.count++] = client;
	return client;
}

// Without a day: on all days.
static int64_t device_key(int64_t device, usec_t day)
{
	return day == USEC_NONE ? device : (int64_t)mix(mix(2, (uint64_t)device), (uint64_t)day);
}

static bool take_known(void *self, const struct rows *rows)
{
	struct clients *clients = self;
	struct client *client = find_client(clients, row_text(rows, 0, 2), row_text(rows, 0, 3));
	int64_t device = row_int(rows, 0, 0);
	usec_t day = row_usec(rows, 0, 1);
	if (day != USEC_NONE)
		put_int8(&clients->varied, device);
	*map_put(&clients->by_device, device_key(device, day)) = client;
	return true;
}

static struct client *client_of(struct clients *clients, int64_t device, usec_t day)
{
	if (!device)
		return &clients->no_device;
	struct client *client = map_get(&clients->by_device, device);
	if (!client)
		client = map_get(&clients->by_device, device_key(device, day));
	return client ? client : &clients->no_software;
}

// --- sums ---

static void add_bins(struct client *client, const struct rows *rows)
{
	struct array bins, counts;
	struct text bin, count;
	array_open(&bins, rows, 0, 11);
	array_open(&counts, rows, 0, 12);
	while (array_next(&bins, &bin) && array_next(&counts, &count))
		bin_place(&client->deliver, (int)array_int(bin))->n += array_int(count);
}

static bool take_sums(void *self, const struct rows *rows)
{
	struct clients *clients = self;
	struct client *client = client_of(clients, row_int(rows, 0, 0), row_usec(rows, 0, 1));
	struct metric_group *group = &client->group;
	int64_t *const members[] = {&group->sent,           &group->unknown,   &group->failed_all,
				    &group->requested,      &group->confirmed, &group->failed,
				    &group->read_requested, &group->read,      &group->pending};
	for (size_t i = 0; i < sizeof members / sizeof *members; i++)
		*members[i] += row_int(rows, 0, (int)i + 2);
	add_bins(client, rows);
	return true;
}

static bool take_open(void *self, const struct rows *rows)
{
	struct clients *clients = self;
	client_of(clients, row_int(rows, 0, 0), row_usec(rows, 0, 1))->group.pending +=
		row_int(rows, 0, 2);
	return true;
}

// --- all ---

static void put_span_of(struct fields *params, const struct group_query *query)
{
	put_int4(params, query->realm);
	put_usec(params, usec_bounded(query->since));
	put_usec(params, usec_bounded(query->until));
}

static bool load_known(struct store *store, const struct group_query *query,
		       struct clients *clients, struct err *err)
{
	FIELDS_AUTO params = {0};
	put_span_of(&params, query);
	return sql_each(store, "clients_known", &params, clients, take_known, err);
}

static bool load_sums(struct store *store, const struct group_query *query, struct clients *clients,
		      struct err *err)
{
	FIELDS_AUTO params = {0};
	put_span_of(&params, query);
	put_safe(&params, query->domain);
	put_usec(&params, clients->edge);
	put_array(&params, OF_INT8, &clients->varied);
	return sql_each(store, "clients_sums", &params, clients, take_sums, err);
}

static bool load_open(struct store *store, const struct group_query *query, struct clients *clients,
		      struct err *err)
{
	FIELDS_AUTO params = {0};
	put_span_of(&params, query);
	put_safe(&params, query->domain);
	put_usec(&params, clients->edge);
	put_usec(&params, usec_bounded(rollup_day(clients->edge) + USEC_PER_DAY));
	return sql_each(store, "clients_open", &params, clients, take_open, err);
}

static struct metric_group finished(struct client *client, struct arena *arena)
{
	struct metric_group group = client->group;
	struct bin_count *bins = arena_alloc(arena, (client->deliver.count + 1) * sizeof *bins);
	if (client->deliver.count)
		memcpy(bins, client->deliver.items, client->deliver.count * sizeof *bins);
	group.bins = bins;
	group.bin_count = client->deliver.count;
	return group;
}

static void give(struct clients *clients, struct loading *loading)
{
	for (size_t i = 0; i < clients->list.count; i++) {
		struct client *client = clients->list.items[i];
		if (client->group.sent)
			*groups_add(loading) = finished(client, loading->arena);
	}
	loading->out->no_software = finished(&clients->no_software, loading->arena);
	loading->out->no_device = finished(&clients->no_device, loading->arena);
}

static void clients_free(struct clients *clients)
{
	for (size_t i = 0; i < clients->list.count; i++)
		free(clients->list.items[i]->deliver.items);
	free(clients->no_software.deliver.items);
	free(clients->no_device.deliver.items);
	free(clients->list.items);
	map_free(&clients->by_name);
	map_free(&clients->by_device);
	fields_free(&clients->varied);
}

bool clients_load(struct store *store, const struct group_query *query, struct loading *loading,
		  struct err *err)
{
	struct clients clients = {.arena = loading->arena,
				  .edge = usec_bounded(query->now - query->t_expire)};
	bool fine = load_known(store, query, &clients, err) &&
		    load_sums(store, query, &clients, err) &&
		    load_open(store, query, &clients, err);
	if (fine)
		give(&clients, loading);
	clients_free(&clients);
	return fine;
}
