// SPDX-License-Identifier: Apache-2.0
// Certificate and key of the HTTP server (settings tls_cert, tls_key; F158).
#ifndef API_HTTP_TLS_H
#define API_HTTP_TLS_H

#include "core/settings.h"

#include <openssl/ssl.h>

// True: both settings are there. ERR_USAGE when only one is.
bool tls_wanted(const struct settings *settings, bool *wanted, struct err *err);

// Reads both files. ERR_USAGE, with the name of the setting and of the file: missing, unreadable, a key
// that others can read (F196), a certificate that is not valid now, a key that is not its own.
// The context speaks TLS 1.2 and later, without renegotiation, compression, tickets and resumption.
bool tls_open(const struct settings *settings, SSL_CTX **context, struct err *err);

#endif
