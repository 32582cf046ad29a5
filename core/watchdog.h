// SPDX-License-Identifier: Apache-2.0
// F176: the loop that reads logs says that it moves; a thread of its own notices when it does not, says so once, and
// /readyz is false meanwhile. What may take long (a batch, a wait for the database) says so in between.
#ifndef CORE_WATCHDOG_H
#define CORE_WATCHDOG_H

#include "core/log.h"
#include "core/ztime.h"

#include <stdbool.h>

struct watchdog;

// patience: how long the loop may stand still. The loop has moved now.
struct watchdog *watchdog_start(struct log *log, usec_t patience);
void watchdog_stop(struct watchdog *watchdog); // may be NULL, as in all of these

void watchdog_moves(struct watchdog *watchdog);
// How long it has been standing still, 0 while that is nothing to speak of. Any thread.
usec_t watchdog_stuck(const struct watchdog *watchdog);

#endif
