// SPDX-License-Identifier: Apache-2.0
// libmicrohttpd behind the gate: a thread per request that is being answered, a bounded number of
// them, and an absolute end for each (F136). One request per connection: there is never a second one
// to be smuggled in (F139).
#ifndef API_HTTP_SERVER_H
#define API_HTTP_SERVER_H

#include "api/http/call.h"

struct server;

// listener: bound and listening; the server owns it from here on, also on failure.
bool server_start(struct service *service, int listener, struct server **server, struct err *err);
void server_stop(struct server *server); // no new requests; waits for running ones

#endif
