// SPDX-License-Identifier: Apache-2.0
// What commands about people share: the address that was given, and who gives the command.
#ifndef API_OPERATOR_H
#define API_OPERATOR_H

#include "core/arena.h"
#include "core/err.h"

// Normalises a bare JID. ERR_USAGE: it is none, or has a resource.
bool operator_jid(const char *command, const char *given, struct arena *arena, struct text *jid,
		  struct err *err);
// Name of the user of this machine, of who called sudo when it was used.
const char *operator_name(struct arena *arena);
// Asks nothing; text for a terminal without what would move its cursor (F199).
void operator_print(struct text text);

#endif
