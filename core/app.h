// SPDX-License-Identifier: Apache-2.0
// What every command gets from the front door. There is one, owned by receiptd.c.
#ifndef CORE_APP_H
#define CORE_APP_H

#include "core/err.h"
#include "core/log.h"
#include "core/settings.h"

#include <stdatomic.h>

#define RECEIPTD_VERSION "0.1.0"

struct feed_sink;
struct watchdog;

struct app {
	struct settings *settings;
	struct log *log;
	const atomic_int *stop;   // set by INT and TERM: finish cleanly, exit 0
	const atomic_int *reload; // counts HUPs of a daemon: read again what can change
	bool tty;                 // standard error is a terminal: progress may be drawn
	struct watchdog
		*watchdog; // of the loop that reads logs (core/watchdog.h); NULL: there is none
	const struct feed_sink *feed; // where POST /v1/feed goes (core/feed_sink.h); may be NULL
};

// A subcommand. argv[0] is its own name. Returns an exit status of enum err_kind.
typedef int command_fn(struct app *app, int argc, char **argv);

#endif
