// SPDX-License-Identifier: Apache-2.0
// Parameters of the chat log that tell messages apart as metrics do, so that each figure of a metric is the number
// of messages that one question gives.
#ifndef API_HTTP_NARROW_H
#define API_HTTP_NARROW_H

#include "api/http/call.h"

enum {
	N_CONDITION,
	N_FROM_DOMAIN,
	N_TO_DOMAIN,
	N_COUNTED,
	N_REACHED,
	N_TOOK_FROM,
	N_TOOK_TO,
	N_CLIENT,
	N_VERSION,
	N_CLIENT_IS,
	N_COUNT
};

enum { CLIENT_DAYS = 366 }; // longest interval in which messages are looked for by software

// As long as w_match is at most.
#define TOOK_MOST INT64_C(100000000000)

// Where the parameters of a table begin, in this order.
// clang-format off
#define NARROW_PARAMS(first) \
	[(first) + N_CONDITION] = {"condition", PARAM_WORD, NULL, failure_conditions, 0, 0, false, false}, \
	[(first) + N_FROM_DOMAIN] = {"from_domain", PARAM_DOMAIN, NULL, NULL, 0, 0, false, false}, \
	[(first) + N_TO_DOMAIN] = {"to_domain", PARAM_DOMAIN, NULL, NULL, 0, 0, false, false}, \
	[(first) + N_COUNTED] = {"counted", PARAM_WORD, NULL, narrow_counted_words, 0, 0, false, false}, \
	[(first) + N_REACHED] = {"reached", PARAM_WORD, NULL, narrow_reached_words, 0, 0, false, false}, \
	[(first) + N_TOOK_FROM] = {"took_from", PARAM_NUMBER, NULL, NULL, 0, TOOK_MOST, false, false}, \
	[(first) + N_TOOK_TO] = {"took_to", PARAM_NUMBER, NULL, NULL, 1, TOOK_MOST, false, false}, \
	[(first) + N_CLIENT] = {"client", PARAM_TEXT, NULL, NULL, 0, 0, false, false}, \
	[(first) + N_VERSION] = {"version", PARAM_TEXT, NULL, NULL, 0, 0, false, false}, \
	[(first) + N_CLIENT_IS] = {"client_is", PARAM_WORD, NULL, narrow_client_words, 0, 0, false, false}
// clang-format on

extern const char *const narrow_counted_words[], *const narrow_reached_words[],
							 *const narrow_client_words[];

// params: the first of them. since and until are those of the filter. False: the problem is in the reply.
bool narrow_read(struct call *call, const struct param *params, struct message_filter *filter);

#endif
