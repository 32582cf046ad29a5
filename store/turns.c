// SPDX-License-Identifier: Apache-2.0
// Reports, seals and erasures take turns: what the first two write they have read before, and somebody may have been
// erased between. Who wants several has them in this order, so that nobody waits for each other: LOCK_REPORT,
// LOCK_SEAL, the lanes.
#include "store/internal.h"

#include <poll.h>

enum { SAY_SECONDS = 10, LOOK_MS = 200 };

static bool ask(struct store *store, const char *statement, int lock, bool *yes, struct err *err)
{
	FIELDS_AUTO params = {0};
	ROWS_AUTO rows = {0};
	put_int4(&params, LOCK_SPACE);
	put_int4(&params, lock);
	if (!sql_run(store, statement, &params, &rows, err))
		return false;
	*yes = row_bool(&rows, 0, 0);
	return true;
}

bool turn_try(struct store *store, int lock, bool *taken, struct err *err)
{
	return ask(store, "turn_try", lock, taken, err);
}

void turn_end(struct store *store, int lock)
{
	bool given;
	if (store_alive(store))
		ask(store, "turn_end", lock, &given, NULL);
}

static bool is_over(const struct store *store, usec_t until)
{
	return usec_monotonic() > until || (store->app->stop && *store->app->stop);
}

// Asked again and again, not waited for in the server: so it ends with a signal, and holds up nobody's snapshot.
bool turn_wait(struct store *store, int lock, usec_t patience, const char *why, struct err *err)
{
	usec_t until = usec_monotonic() + patience;
	usec_t say = usec_monotonic() + SAY_SECONDS * USEC_PER_SEC;
	bool taken = false;
	while (turn_try(store, lock, &taken, err)) {
		if (taken)
			return true;
		if (is_over(store, until))
			return err_set(err, ERR_DATABASE, "%s: try again later", why);
		if (usec_monotonic() > say) {
			log_info(store->app->log, "waits", LOG_S("why", why));
			say = INT64_MAX;
		}
		poll(NULL, 0, LOOK_MS);
	}
	return false;
}
