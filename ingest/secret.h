// SPDX-License-Identifier: Apache-2.0
// Servers log what clients log in with. Dialects drop what is no stanza; this is the last look at what
// could not be read, before its bytes are kept.
#ifndef INGEST_SECRET_H
#define INGEST_SECRET_H

#include "core/text.h"

// The bytes may hold a password or a SASL payload: any sign of one is enough.
bool secret_maybe(struct text raw);

#endif
