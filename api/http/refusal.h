// SPDX-License-Identifier: Apache-2.0
// An answer on a bare socket, for requests that never reach libmicrohttpd.
#ifndef API_HTTP_REFUSAL_H
#define API_HTTP_REFUSAL_H

#include "core/log.h"

// Problem details and "Connection: close", written once without waiting; one log line with the id.
void refusal_send(int fd, int status, const char *detail, struct log *log);

// 16 hexadecimal digits that nobody can guess.
void request_id_make(char out[17]);

#endif
