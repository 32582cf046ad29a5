// SPDX-License-Identifier: Apache-2.0
// From a request to its answer. Knows nothing of sockets.
#ifndef API_HTTP_ROUTES_H
#define API_HTTP_ROUTES_H

#include "api/http/call.h"

// reply is begun; it holds an answer afterwards, whatever happens. *token_name for the log: arena.
void dispatch(struct service *service, const struct request *request, struct reply *reply,
	      struct text *token_name);

#endif
