// SPDX-License-Identifier: Apache-2.0
// What needs no token: the first page, the contract, the probes.
#include "api/http/handlers.h"

#include "core/embedded.h"

static bool send_asset(struct call *call, const char *name, const char *type)
{
	for (size_t i = 0; i < asset_file_count; i++) {
		if (strcmp(asset_files[i].name, name) != 0)
			continue;
		call->reply->type = type;
		call->reply->fixed =
			(struct text){(const char *)asset_files[i].bytes, asset_files[i].size};
		return true;
	}
	return call_problem(call, 404, "There is nothing at this address.", NULL);
}

bool handle_index(struct call *call, struct err *err)
{
	(void)err;
	return send_asset(call, "index.html", "text/html; charset=utf-8");
}

bool handle_style(struct call *call, struct err *err)
{
	(void)err;
	return send_asset(call, "style.css", "text/css; charset=utf-8");
}

bool handle_openapi(struct call *call, struct err *err)
{
	(void)err;
	return send_asset(call, "openapi.yaml", "application/yaml");
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
