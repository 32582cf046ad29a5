// SPDX-License-Identifier: Apache-2.0
#include "api/http/narrow.h"

// In the order of store/narrow.h, without its "any".
const char *const narrow_counted_words[] = {"sent", "requested", "read_requested", NULL};
const char *const narrow_reached_words[] = {"accepted",  "stored",    "routed", "delivered",
					    "displayed", "retracted", NULL};
const char *const narrow_client_words[] = {"no_version", "no_device", "no_software", NULL};

static const enum client_is clients[] = {CLIENT_NO_VERSION, CLIENT_NO_DEVICE, CLIENT_NO_SOFTWARE};

// Software is told by the days of an interval; which devices are of it is looked up for all of them.
static bool check_interval(struct call *call, const struct message_filter *filter)
{
	bool bounded = filter->since != USEC_NONE && filter->until != USEC_NONE;
	if (bounded && filter->until - filter->since <= CLIENT_DAYS * USEC_PER_DAY)
		return true;
	return !call_problem(
		call, 400,
		"client and client_is need day, or since and until at most 366 days apart.",
		"since");
}

static bool check_client(struct call *call, const struct param *params,
			 const struct message_filter *filter)
{
	bool client = params[N_CLIENT].given, is = params[N_CLIENT_IS].given;
	bool no_version = is && clients[params[N_CLIENT_IS].number] == CLIENT_NO_VERSION;
	if (params[N_VERSION].given && !client)
		return !call_problem(call, 400, "version needs client.", "version");
	if (params[N_VERSION].given && is)
		return !call_problem(call, 400, "version goes without client_is.", "client_is");
	if (is && client != no_version)
		return !call_problem(
			call, 400, "no_version needs client; no_device and no_software go without.",
			"client_is");
	return (!client && !is) || check_interval(call, filter);
}

static enum client_is client_is_of(const struct param *params)
{
	if (params[N_CLIENT_IS].given)
		return clients[params[N_CLIENT_IS].number];
	return params[N_CLIENT].given ? CLIENT_NAMED : CLIENT_ANYTHING;
}

static bool check_took(struct call *call, const struct param *params)
{
	const struct param *from = &params[N_TOOK_FROM], *to = &params[N_TOOK_TO];
	if (!from->given || !to->given || from->number < to->number)
		return true;
	return !call_problem(call, 400, "took_from must be less than took_to.", "took_from");
}

bool narrow_read(struct call *call, const struct param *params, struct message_filter *filter)
{
	if (!check_took(call, params) || !check_client(call, params, filter))
		return false;
	filter->narrow = (struct message_narrow){
		.condition = params[N_CONDITION].text,
		.from_domain = params[N_FROM_DOMAIN].text,
		.to_domain = params[N_TO_DOMAIN].text,
		.counted = (enum counted_as)(params[N_COUNTED].number + 1),
		.reached = (enum reached)(params[N_REACHED].number + 1),
		.has_took_from = params[N_TOOK_FROM].given,
		.has_took_to = params[N_TOOK_TO].given,
		.took_from = params[N_TOOK_FROM].number,
		.took_to = params[N_TOOK_TO].number,
		.client_is = client_is_of(params),
		.client = params[N_CLIENT].text,
		.version = params[N_VERSION].text,
	};
	return true;
}
