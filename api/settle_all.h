// SPDX-License-Identifier: Apache-2.0
// Commands that print figures wait until what was read is settled, or settle it themselves.
#ifndef API_SETTLE_ALL_H
#define API_SETTLE_ALL_H

#include "store/store.h"

bool settle_all(struct app *app, struct store *store, const char *name, int32_t realm,
		struct err *err);

#endif
