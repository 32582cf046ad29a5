// SPDX-License-Identifier: Apache-2.0
// What needs no token: the first page, the contract, the probes.
#include "api/http/handlers.h"

#include "core/embedded.h"
#include "core/keyed.h"
#include "core/watchdog.h"

// What the embedded files are, by the end of their name (F141: nothing else exists to the server).
static const struct media {
	const char *end, *type;
} media[] = {
	{".html", "text/html; charset=utf-8"},
	{".css", "text/css; charset=utf-8"},
	{".js", "text/javascript; charset=utf-8"},
	{".json", "application/json"},
	{".yaml", "application/yaml"},
	{".svg", "image/svg+xml"},
	{"", "text/plain; charset=utf-8"},
};

#define FOR_EVER "public, max-age=31536000, immutable"

static const char *type_of(const char *name)
{
	size_t n = strlen(name);
	const struct media *known = media;
	while (n < strlen(known->end) || strcmp(name + n - strlen(known->end), known->end) != 0)
		known++;
	return known->type;
}

// A page and its scripts belong together: a browser asks each time whether they are still the same.
static void tag_asset(struct call *call)
{
	static const struct hash_key any = {{0}};
	uint64_t hash = (uint64_t)KEYED(&any, call->reply->fixed);
	struct text tag =
		arena_printf(call->request->arena, "\"%016llx\"", (unsigned long long)hash);
	reply_header(call->reply, "ETag", tag);
}

static bool send_asset(struct call *call, struct text name)
{
	for (size_t i = 0; i < asset_file_count; i++) {
		if (!text_is(name, asset_files[i].name))
			continue;
		call->reply->type = type_of(asset_files[i].name);
		call->reply->fixed =
			(struct text){(const char *)asset_files[i].bytes, asset_files[i].size};
		tag_asset(call);
		return true;
	}
	return call_problem(call, 404, "There is nothing at this address.", NULL);
}

bool handle_index(struct call *call, struct err *err)
{
	(void)err;
	return send_asset(call, TEXT("index.html"));
}

// Of "/v-<what it holds>/page.js" the folder that the first page names its files by; else nothing.
static struct text version_of(struct text path)
{
	static const char version[] = "/v-";
	size_t n = sizeof version - 1;
	if (path.n <= n || memcmp(path.p, version, n) != 0)
		return TEXT_NONE;
	const char *slash = memchr(path.p + n, '/', path.n - n);
	return slash ? (struct text){path.p + 1, (size_t)(slash - path.p)} : TEXT_NONE;
}

static bool is_named(struct text version)
{
	const struct asset_file *file = asset_files;
	while (strcmp(file->name, "index.html") != 0)
		file++;
	return memmem(file->bytes, file->size, version.p, version.n) != NULL;
}

bool handle_asset(struct call *call, struct err *err)
{
	(void)err;
	struct text path = call->request->path, version = version_of(path);
	if (version.p) {
		path = (struct text){path.p + version.n, path.n - version.n};
		// A page of before may still ask by its own name: it gets what there is, not to be kept.
		if (is_named(version))
			reply_header(call->reply, "Cache-Control", TEXT(FOR_EVER));
	}
	if (text_is(path, "/index.html")) // its one address is "/"
		path = TEXT("/");
	return send_asset(call, (struct text){path.p + 1, path.n - 1});
}

// Alive: this process answers. Says nothing about the database (F146).
bool handle_healthz(struct call *call, struct err *err)
{
	(void)err;
	JSON_AUTO *answer = json_pack("{s:s}", "status", "ok");
	reply_json(call->reply, answer);
	return true;
}

// Ready: a connection of this process to a database with our schema answers (pool_take has seen to
// it) and what it holds can be asked for.
bool handle_readyz(struct call *call, struct err *err)
{
	struct honesty honesty;
	struct settle_lag settle;
	if (watchdog_stuck(call->service->app->watchdog)) // F176
		return call_problem(call, 503, "reading of logs stands still", NULL);
	if (!store_honesty(call->db->store, call->db->realm.id, USEC_NONE, USEC_NONE, &honesty,
			   err) ||
	    !store_settle_lag(call->db->store, call->db->realm.id, &settle, err))
		return false;
	JSON_AUTO *answer =
		json_pack("{s:s, s:b, s:b}", "status", "ready", "database", true, "schema", true);
	json_object_set_new(answer, "complete_until", json_usec(honesty.complete_until, 6));
	json_t *lag = json_null();
	if (honesty.complete_until != USEC_NONE)
		lag = json_real((double)(call->now - honesty.complete_until) /
				(double)USEC_PER_SEC);
	json_object_set_new(answer, "ingest_lag_seconds", lag);
	json_object_set_new(answer, "settle_waiting", json_integer(settle.units));
	json_object_set_new(answer, "settle_since", json_usec(settle.since, 6));
	reply_json(call->reply, answer);
	return true;
}
