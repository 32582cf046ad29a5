// SPDX-License-Identifier: Apache-2.0
// TLS before the gate: one thread that accepts connections, shakes hands, waits for the whole head of the
// request and then gives the gate one end of a socket pair, with the real address of the client; from then
// on it only carries bytes. So whatever stands behind judges raw bytes and cuts connections as it does
// without TLS. Waiting has an absolute end (F136) and a bounded number of places (F137).
#ifndef API_HTTP_FRONT_H
#define API_HTTP_FRONT_H

#include "api/http/gate.h"
#include "core/app.h"

#include <openssl/ssl.h>

struct front;

// listener: listening, non-blocking; the front closes it. context becomes the front's; on app->reload
// certificate and key are read again, what cannot be used is told and the old ones stay (F158).
// *ready gets a descriptor that is readable when front_take() has a connection; its reader closes it.
// NULL: no thread or descriptor, errno; listener and context are closed.
struct front *front_start(struct app *app, int listener, SSL_CTX *context, int *ready);
void front_stop(struct front *front); // cuts what is left; NULL is fine

gate_take_fn front_take; // in place of accept

#endif
